import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Encoding, parsePhone, type Phone, phoneIdOf, type PhoneId } from '../protocol/index.js'
import { Complaint, exitCodes } from './complaint.js'

const schema = z.object({
  server: z.string(),
  ca: z.string().optional(),
  phone: z.string(),
  rosterId: z.number().int().positive(),
  clientId: z.string().startsWith('emqttd_'),
  token: z.string().min(1),
  devKey: z.string(),
  codec: z.enum(['bert', 'msgpack', 'json']),
  dialect: z.enum(['v1', 'v11']),
})

/** What `register` has obtained: this machine as one device of a phone. The token is its password: it is never printed. */
export interface Account extends Encoding {
  /** URL, as mqtt://127.0.0.1:1883. */
  readonly server: string
  /** Path of the certificates it is trusted by, if not by those of the machine. */
  readonly ca?: string | undefined
  readonly phone: Phone
  readonly rosterId: number
  readonly phoneId: PhoneId
  readonly clientId: string
  readonly token: string
  readonly devKey: string
}

const profileName = /^[A-Za-z0-9_.-]{1,64}$/

/** The folder of account files: `$XDG_CONFIG_HOME/nynja`, or `~/.config/nynja`. */
export function accountFolder(): string {
  const configured = process.env['XDG_CONFIG_HOME']
  return join(configured === undefined || configured === '' ? join(homedir(), '.config') : configured, 'nynja')
}

/** @throws Complaint unless the name can be that of a file */
export function accountPath(profile: string): string {
  if (!profileName.test(profile) || profile.startsWith('.')) {
    throw new Complaint(exitCodes.usage, `A profile is named with letters, digits, "_", "-" and ".", not ${JSON.stringify(profile)}`)
  }
  return join(accountFolder(), `${profile}.json`)
}

/** @returns undefined if the profile has no file @throws Complaint if it has one that cannot be used */
export function readAccount(profile: string): Account | undefined {
  const path = accountPath(profile)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Complaint(exitCodes.account, `${path} cannot be read: ${(error as Error).message}`)
  }
  const account = parseAccount(text)
  if (account === undefined) throw new Complaint(exitCodes.account, `${path} is no account file. Remove it and register again.`)
  return account
}

function parseAccount(text: string): Account | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // the parser's message quotes the file, which holds the token
    return undefined
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) return undefined
  const phone = parsePhone(parsed.data.phone)
  const phoneId = phone && phoneIdOf(phone, parsed.data.rosterId)
  return phone === undefined || phoneId === undefined ? undefined : { ...parsed.data, phone, phoneId }
}

/** Stores the account, readable by its owner alone; a crash leaves the old file or the new one. */
export function writeAccount(profile: string, { phoneId: _derived, ...kept }: Account): string {
  const path = accountPath(profile)
  mkdirSync(accountFolder(), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(draft, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, path)
  return path
}
