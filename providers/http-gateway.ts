import pRetry from 'p-retry'
import { connectionOutage, statusOutage, timeoutOutage } from './http-outage.js'
import { ProviderOutage } from './provider-outage.js'
import { saysRefused } from './says-refused.js'
import { escapeForJson, escapeForUrl, fillTemplate, holesOf, parseTemplate, type Template } from './template.js'

export const httpGatewayMethods = ['GET', 'POST', 'PUT'] as const

/**
 * How a message becomes an HTTP request. URL and body may hold `{phone}`, `{code}` and, as the channel has them, `{text}`, or `{lang}` (as the
 * protocol names it), `{locale}` (as in uk-UA; `{localelower}` as in uk-ua) and `{digits}` (the code, to be spoken digit by digit).
 */
export interface HttpGatewayOptions {
  /** http or https; values are percent-encoded. */
  readonly url: string
  readonly method: (typeof httpGatewayMethods)[number]
  /** Sent as they are. The content type decides how values are escaped in the body: JSON (the default), form or plain text. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty for none. */
  readonly body: string
  /** What the answer to an accepted message holds somewhere; a 2xx without it is a refusal. Left out, {@link saysRefused} judges. */
  readonly accepted?: string | undefined
  /** Of a gateway that answers 2xx to what it refuses: what its JSON answer then holds somewhere. */
  readonly refusal?: { readonly field: string; readonly value: string } | undefined
  /** How long one attempt may take, ms. */
  readonly timeoutMs: number
  /** Attempts after the first, for timeouts, broken connections, 408, 429 and 5xx. */
  readonly retries: number
  /** Wait before the first retry, ms; it doubles with each, up to {@link maxRetryDelayMs}. */
  readonly retryDelayMs: number
}

/** What a channel offers for the holes, and what a request of it must carry: of each list, one. */
export interface GatewayChannel {
  readonly name: string
  readonly offers: readonly string[]
  readonly needs: readonly (readonly string[])[]
}

export const maxRetryDelayMs = 10_000
const maxReadBytes = 16_384

const jsonContent = 'application/json'
const formContent = 'application/x-www-form-urlencoded'
const plainContent = 'text/plain'
const bodyEscapes = new Map([
  [jsonContent, escapeForJson],
  [formContent, escapeForUrl],
  [plainContent, (value: string) => value],
])

/** @returns one sentence for each thing that is wrong with the options; none of them repeats a value */
export function httpGatewayProblems(options: HttpGatewayOptions, { offers, needs }: GatewayChannel): readonly string[] {
  const holes = [...holesOf(parseTemplate(options.url)), ...holesOf(parseTemplate(options.body))]
  const unknown = new Set(holes.filter((name) => !offers.includes(name)))
  const missing = needs.filter((oneOf) => !oneOf.some((name) => holes.includes(name)))
  return [
    ...urlProblems(options.url),
    ...contentProblems(options),
    ...[...unknown].map((name) => `{${name}} is not known here; there are ${offers.map((offer) => `{${offer}}`).join(', ')}`),
    ...missing.map((oneOf) => `the URL or the body must hold ${oneOf.map((name) => `{${name}}`).join(' or ')}`),
    ...(options.method === 'GET' && options.body !== '' ? ['a GET request has no body'] : []),
  ]
}

function urlProblems(url: string): readonly string[] {
  const template = parseTemplate(url)
  const [one, other] = ['1', '2'].map((digit) => parseUrl(fillTemplate(template, {}, () => digit)))
  if (one === undefined || other === undefined) return ['the URL must be an absolute http or https URL']
  return [
    ...(one.origin === other.origin ? [] : ['the host in the URL must not depend on the message']),
    ...(one.username === '' && one.password === '' ? [] : ['the URL must not hold a user name or password; use an Authorization header']),
  ]
}

function parseUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined
}

function contentProblems({ headers, body }: HttpGatewayOptions): readonly string[] {
  try {
    const content = contentTypeOf(new Headers(headers))
    if (body !== '' && !bodyEscapes.has(content)) return [`the content type must be one of ${[...bodyEscapes.keys()].join(', ')}`]
    return content === jsonContent && body !== '' && !isJsonTemplate(body)
      ? ['the body is not JSON, or has a placeholder outside a string']
      : []
  } catch {
    return ['a header has a name or value that HTTP does not allow'] // the cause would repeat the value
  }
}

function isJsonTemplate(body: string): boolean {
  try {
    JSON.parse(fillTemplate(parseTemplate(body), {}, () => 'x'))
    return true
  } catch {
    return false
  }
}

function contentTypeOf(headers: Headers): string {
  return (headers.get('content-type') ?? jsonContent).split(';', 1)[0]?.trim().toLowerCase() ?? jsonContent
}

interface Request {
  readonly url: Template
  readonly body: Template | undefined
  readonly escapeBody: (value: string) => string
  readonly headers: Headers
}

function prepare(options: HttpGatewayOptions): Request {
  const headers = new Headers(options.headers)
  const content = contentTypeOf(headers)
  if (options.body !== '' && !headers.has('content-type')) headers.set('content-type', jsonContent)
  return {
    url: parseTemplate(options.url),
    body: options.body === '' ? undefined : parseTemplate(options.body),
    escapeBody: bodyEscapes.get(content) ?? escapeForJson,
    headers,
  }
}

/** Hands one message over, its values by the names of the holes. */
export type HandOver = (values: Readonly<Record<string, string>>) => Promise<void>

/**
 * Opens a gateway. Redirects are not followed: a code goes to the configured host only. Answers are judged by their status, and a 2xx by the
 * beginning of its body, too: many gateways answer 200 and say in it that the account is empty.
 * A message is settled within `(retries + 1) × timeoutMs` plus the waits between the attempts.
 * @throws Error if {@link httpGatewayProblems} finds any: check first
 */
export function openHttpGateway(options: HttpGatewayOptions, channel: GatewayChannel): HandOver {
  const [problem] = httpGatewayProblems(options, channel)
  if (problem !== undefined) throw new Error(`${channel.name} gateway: ${problem}`)
  const request = prepare(options)
  return (values) =>
    pRetry(() => attempt(options, channel.name, request, values), {
      retries: options.retries,
      minTimeout: options.retryDelayMs,
      maxTimeout: maxRetryDelayMs,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof ProviderOutage && !error.isPermanent,
    })
}

async function attempt(
  { method, timeoutMs, refusal, accepted }: HttpGatewayOptions,
  channel: string,
  { url, body, escapeBody, headers }: Request,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const target = fillTemplate(url, values, escapeForUrl)
  const gateway = `${channel} gateway ${new URL(target).host}`
  const signal = AbortSignal.timeout(timeoutMs)
  let response: Response
  try {
    response = await fetch(target, {
      method,
      headers,
      body: body === undefined ? null : fillTemplate(body, values, escapeBody),
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    throw signal.aborted ? timeoutOutage(gateway, timeoutMs) : connectionOutage(gateway, error)
  }
  const isRefused = response.ok && isRefusal(await readStart(response), { refusal, accepted })
  // Nothing more is read of a body, so a huge or endless one costs nothing.
  await response.body?.cancel().catch(ignore)
  if (!response.ok) throw statusOutage(gateway, response.status)
  if (isRefused) {
    throw new ProviderOutage({
      reason: 'refused',
      message: `${gateway} answered ${response.status} and refused the message`,
      isPermanent: true,
      status: response.status,
    })
  }
}

/** At most {@link maxReadBytes} of a body; what breaks off is what there is. */
async function readStart(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined
  while (reader !== undefined && bytes < maxReadBytes) {
    const chunk = await reader.read().catch(() => undefined)
    if (chunk?.value === undefined) break
    chunks.push(chunk.value)
    bytes += chunk.value.length
  }
  reader?.releaseLock()
  return Buffer.concat(chunks).toString('utf8')
}

function isRefusal(text: string, { refusal, accepted = '' }: Pick<HttpGatewayOptions, 'refusal' | 'accepted'>): boolean {
  if (accepted !== '') return !text.includes(accepted)
  return refusal === undefined ? saysRefused(text) : holds(text, refusal)
}

/** Whether a JSON text holds a field with that value, however it is spaced. */
function holds(text: string, { field, value }: NonNullable<HttpGatewayOptions['refusal']>): boolean {
  try {
    return JSON.stringify(JSON.parse(text)).includes(`${JSON.stringify(field)}:${JSON.stringify(value)}`)
  } catch {
    return false // what cannot be read says nothing
  }
}

/** A body that breaks while it is being refused changes nothing: the status was there before it. */
function ignore(): void {
  return
}
