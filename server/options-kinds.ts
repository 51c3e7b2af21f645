import { resolve } from 'node:path'
import { z } from 'zod'
import { parseServerPart } from '../cadmium/index.js'
import { parseRedisUrl, redactRedisUrl } from '../store/index.js'

/** A kind of value: how it is checked, written down and shown. The same forms are taken from the file, the environment and flags. */
export interface OptionKind<T> {
  /** Takes a JSON value of the file, or a text. */
  readonly schema: z.ZodType<T>
  /** What the value must be, as the end of "must be …". */
  readonly form: string
  /** One word for `--help`. */
  readonly placeholder: string
  /** The value as the file would hold it; secrets are masked. Undefined where there is nothing to write. */
  readonly show: (value: T) => unknown
  /** A bad value is not repeated in a problem. */
  readonly isSecret?: boolean
}

/** What `off` stands for: a listener that is not opened, a limit that is not kept. */
export type Off = 'off'

const mask = '***'
const asIs = (value: unknown): unknown => value
const digits = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)

function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z.union([z.number(), digits]).pipe(z.int().min(min).max(max))
}

export function integer(min: number, max: number): OptionKind<number> {
  return { schema: wholeNumber(min, max), form: `a whole number from ${min} to ${max}`, placeholder: 'number', show: asIs }
}

/** A whole number, or `off` for no limit. */
export function limit(min: number, max: number): OptionKind<number | Off> {
  const schema = z.union([z.literal('off'), wholeNumber(min, max)])
  return { schema, form: `a whole number from ${min} to ${max}, or off`, placeholder: 'number|off', show: asIs }
}

/** 0 picks a free port, `off` opens none. */
export const port: OptionKind<number | Off> = {
  schema: z.union([z.literal('off'), wholeNumber(0, 65_535)]),
  form: 'a port from 0 to 65535 (0 picks a free one), or off',
  placeholder: 'port|off',
  show: asIs,
}

export function choice<const T extends string>(values: readonly [T, ...T[]], note = ''): OptionKind<T> {
  const form = values.length === 1 ? values[0] : `one of ${values.join(', ')}`
  return { schema: z.enum(values), form: form + note, placeholder: values.join('|'), show: asIs }
}

const redisUrl = z.string().refine((text) => {
  try {
    parseRedisUrl(text)
    return true
  } catch {
    return false
  }
})

/** `lmdb`, or the URL of a Redis; its password is not shown. */
export const storeAddress: OptionKind<string> = {
  schema: z.union([z.literal('lmdb'), redisUrl]),
  form: 'lmdb, or the address of a Redis as redis://[user:password@]host[:port][/number] (rediss:// for TLS)',
  placeholder: 'lmdb|redis://…',
  show: (value) => (value === 'lmdb' ? value : redactRedisUrl(value)),
  isSecret: true,
}

/** A host, with or without a port, as it stands in EntityIDs. */
export const serverPart: OptionKind<string> = {
  schema: z.string().refine((text) => parseServerPart(text) !== undefined),
  form: 'a host name or an address (of IPv6 in brackets), with or without a port',
  placeholder: 'host[:port]',
  show: asIs,
}

export const yesOrNo: OptionKind<boolean> = {
  schema: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]),
  form: 'true or false',
  placeholder: 'true|false',
  show: asIs,
}

export const host: OptionKind<string> = {
  schema: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
  form: 'an IP address or a host name',
  placeholder: 'address',
  show: asIs,
}

/** A sender of e-mail: its address, perhaps with a name. */
export const mailbox: OptionKind<string> = {
  schema: z.string().max(320),
  form: 'an e-mail address, or Name <address>',
  placeholder: 'address',
  show: (value) => (value === '' ? undefined : value),
}

/** A URL without user, query and fragment; empty for none. */
export const baseUrl: OptionKind<string> = {
  schema: z
    .string()
    .max(1_024)
    .refine((text) => text === '' || isBaseUrl(text)),
  form: 'an http or https URL without user, query and fragment',
  placeholder: 'url',
  show: (value) => (value === '' ? undefined : value),
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === ''
}

/** One word of letters, digits and `.`, `_`, `-`, `/`. */
export const word: OptionKind<string> = {
  schema: z.string().regex(/^[\w./-]{0,200}$/),
  form: 'a word of letters, digits, dots, dashes and slashes',
  placeholder: 'word',
  show: (value) => (value === '' ? undefined : value),
}

/** A short text that is no secret. */
export const text: OptionKind<string> = {
  schema: z.string().max(1_024),
  form: 'a text of at most 1024 characters',
  placeholder: 'text',
  show: (value) => (value === '' ? undefined : value),
}

/** Scheme, host and port, without a path. */
export const origin: OptionKind<string> = {
  schema: z
    .string()
    .max(512)
    .refine(
      (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value.replace(/\/$/, ''),
    ),
  form: 'an http or https URL without a path',
  placeholder: 'url',
  show: asIs,
}

/** A path, made absolute from the folder the server was started in. */
export function path(folder: string): OptionKind<string> {
  const schema = z
    .string()
    .min(1)
    .max(4_096)
    .refine((text) => !text.includes('\0'))
    .transform((text) => resolve(folder, text))
  return { schema, form: 'a path', placeholder: 'path', show: asIs }
}

/** Text that may hold a secret. */
export const secretText: OptionKind<string> = {
  schema: z.string().max(16_384),
  form: 'a text of at most 16384 characters',
  isSecret: true,
  placeholder: 'text',
  show: (value) => (value === '' ? undefined : mask),
}

export function secretPattern(pattern: RegExp, form: string): OptionKind<string> {
  return {
    schema: z.string().regex(pattern),
    form,
    placeholder: 'text',
    isSecret: true,
    show: (value) => (value === '' ? undefined : mask),
  }
}

const jsonText = z
  .string()
  .max(65_536)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue('not JSON')
      return z.NEVER
    }
  })

/** Names to secret values. As text: a JSON object. */
export const secretHeaders: OptionKind<Readonly<Record<string, string>>> = {
  schema: z.union([jsonText, z.record(z.string(), z.string())]).pipe(z.record(z.string(), z.string().max(4_096))),
  form: 'a JSON object of header names and values',
  isSecret: true,
  placeholder: 'json',
  show: (headers) => Object.fromEntries(Object.keys(headers).map((name) => [name, mask])),
}

/** A backend service that may connect as `sys_<name>`. */
export interface Service {
  readonly name: string
  readonly secret: string
}

const serviceName = /^(?!sys_)[^\s/+#=,]{1,64}$/
/** Below this, guessing is not hopeless: what anybody can type counts wrong, and whoever has it acts for every account. */
const serviceSecretBytes = 16
const serviceSecret = z
  .string()
  .max(1_024)
  .refine((secret) => Buffer.byteLength(secret) >= serviceSecretBytes)
const services = z.array(z.object({ name: z.string().regex(serviceName), secret: serviceSecret })).max(1_000)

function splitService(text: string): Service {
  const [name = '', ...rest] = text.trim().split('=')
  return { name, secret: rest.join('=') }
}

/** Names to secrets: in the file an object, as text `name=secret,name2=secret2`. */
export const serviceSecrets: OptionKind<readonly Service[]> = {
  schema: z
    .union([
      z.string().transform((text) => text.split(',').map(splitService)),
      z.record(z.string(), z.string()).transform((record) => Object.entries(record).map(([name, secret]) => ({ name, secret }))),
    ])
    .pipe(services)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length),
  form: `name=secret,name2=secret2, each name once and without the prefix sys_, each secret ${serviceSecretBytes} bytes or longer (openssl rand -hex 32 makes one)`,
  isSecret: true,
  placeholder: 'name=secret,…',
  show: (list) => Object.fromEntries(list.map(({ name }) => [name, mask])),
}

function separated(separator: RegExp): z.ZodType<string[]> {
  return z
    .union([z.array(z.string()), z.string().transform((text) => text.split(separator))])
    .transform((items) => items.map((text) => text.trim()).filter((text) => text !== ''))
}

/** Lines of text: in the file an array, as text separated by semicolons or line breaks, spaces around them dropped. */
export const lines: OptionKind<readonly string[]> = {
  schema: separated(/[;\n]/).pipe(z.array(z.string().regex(/^[^\0\r\n;]{1,1024}$/)).max(10_000)),
  form: 'lines separated by semicolons',
  placeholder: 'line;…',
  show: asIs,
}

/** Hosts, or `*.` and the end of some; in the file an array, as text separated by commas. */
export const hostPatterns: OptionKind<readonly string[]> = {
  schema: separated(/,/).pipe(z.array(z.string().regex(/^(\*\.)?[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/)).max(100)),
  form: 'host names, or *. and the end of some, separated by commas',
  placeholder: 'host,…',
  show: asIs,
}

/** Beginnings of phone numbers, without the leading `+`: in the file an array, as text separated by commas. */
export const phonePrefixes: OptionKind<readonly string[]> = {
  schema: separated(/,/)
    .transform((items) => items.map((text) => text.replace(/^\+/, '')))
    .pipe(z.array(z.string().regex(/^\d{1,15}$/)).max(10_000)),
  form: 'beginnings of phone numbers, digits, separated by commas',
  placeholder: 'digits,…',
  show: asIs,
}
