import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import pRetry from 'p-retry'
import type { EmailProvider } from './email-provider.js'
import { connectionFailure } from '../failures/index.js'
import { maxRetryDelayMs } from './http-gateway.js'
import { ProviderOutage } from './provider-outage.js'

/** starttls: begins in the clear and must be able to change to TLS; tls: TLS from the start; none: in the clear. */
export const smtpSecurities = ['starttls', 'tls', 'none'] as const

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  readonly security: (typeof smtpSecurities)[number]
  /** Both empty for a server that asks for no login. */
  readonly user: string
  readonly password: string
  /** `address` or `Name <address>`. */
  readonly from: string
  /** PEM certificates that vouch for the server in place of the well-known ones; undefined for those. */
  readonly ca: string | undefined
  /** How long one attempt may take from the first packet to the acceptance, ms. */
  readonly timeoutMs: number
  /** Attempts after the first, for timeouts, broken connections and replies of the 4xx kind. */
  readonly retries: number
  /** Wait before the first retry, ms; it doubles with each, up to 10 s. */
  readonly retryDelayMs: number
}

interface Mailbox {
  readonly name: string
  readonly address: string
}

/** @returns one sentence for each thing that is wrong with the options; none of them repeats a value */
export function smtpProblems({ host, port, security, user, password, from }: SmtpOptions): readonly string[] {
  return [
    ...((user === '') === (password === '') ? [] : ['user and password must be given together']),
    ...(security === 'none' && password !== '' && !isLoopback(host) ? ['a password must not go over the network without TLS'] : []),
    ...(port === 465 && security !== 'tls' ? ['port 465 speaks TLS from the start: set the security to tls'] : []),
    ...((port === 25 || port === 587) && security === 'tls'
      ? [`port ${String(port)} begins without TLS: set the security to starttls`]
      : []),
    ...(parseMailbox(from) === undefined ? ['the sender must be an address, or a name and an address in angle brackets'] : []),
  ]
}

/** Sends through a mail server. @throws Error if {@link smtpProblems} finds any: check first */
export function smtpEmail(options: SmtpOptions): EmailProvider {
  const from = parseMailbox(options.from)
  const [problem] = smtpProblems(options)
  if (problem !== undefined || from === undefined) throw new Error(`SMTP: ${problem ?? ''}`)
  /** The library is loaded with the first message. */
  const newTransport = async () => (await import('nodemailer')).createTransport(transportOptions(options))
  let opening: ReturnType<typeof newTransport> | undefined
  return {
    async send(to, subject, text) {
      const transport = await (opening ??= newTransport())
      // One id for all attempts: a receiver that gets the message twice can tell.
      const messageId = `<${randomUUID()}@${from.address.slice(from.address.indexOf('@') + 1)}>`
      const message = { from, to: { name: '', address: to }, subject, text, messageId, ...automatic }
      await pRetry(() => attempt(options, (signal) => transport.sendMail({ ...message, signal })), {
        retries: options.retries,
        minTimeout: options.retryDelayMs,
        maxTimeout: maxRetryDelayMs,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof ProviderOutage && !error.isPermanent,
      })
    },
  }
}

/** No program is to answer [RFC 3834, 5], and nothing is to be read from files or the network because a message seems to ask for it. */
const automatic = {
  headers: { 'Auto-Submitted': 'auto-generated' },
  xMailer: false,
  disableFileAccess: true,
  disableUrlAccess: true,
} as const

function transportOptions({ host, port, security, user, password, ca, timeoutMs }: SmtpOptions) {
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    // A server that forgets to offer a login is not sent to without one.
    ...(password === '' ? {} : { auth: { user, pass: password }, forceAuth: true }),
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) },
    // The signal ends an attempt; these only keep the library's longer ones from outliving it.
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
  }
}

async function attempt({ host, port, timeoutMs }: SmtpOptions, send: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const server = `SMTP server ${host}:${String(port)}`
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    await send(signal)
  } catch (error) {
    const { code, responseCode } = failureOf(error)
    if (signal.aborted || code === 'ETIMEDOUT') {
      throw new ProviderOutage({ reason: 'timeout', message: `${server} did not accept within ${timeoutMs} ms`, isPermanent: false })
    }
    throw responseCode === undefined ? unanswered(server, code, error) : refused(server, responseCode)
  }
}

/** Codes only: texts of servers and libraries may hold the address or the user. */
function failureOf(error: unknown): { readonly code: string; readonly responseCode: number | undefined } {
  const property = (name: string): unknown => (typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined)
  const [code, responseCode] = [property('code'), property('responseCode')]
  const isReply = typeof responseCode === 'number' && responseCode >= 400 && responseCode < 600
  return {
    code: typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'connection failed',
    responseCode: isReply ? responseCode : undefined,
  }
}

/** What the library refuses by itself: no login it knows is offered, or the address cannot be sent to. Asking again will not help. */
const ownRefusals = new Set(['EAUTH', 'EENVELOPE', 'EMESSAGE'])

function unanswered(server: string, code: string, error: unknown): ProviderOutage {
  if (ownRefusals.has(code)) return new ProviderOutage({ reason: 'refused', message: `${server}: ${code}`, isPermanent: true })
  const { because, isPermanent } = connectionFailure(error)
  return new ProviderOutage({ reason: 'unreachable', message: `${server} cannot be used: ${because}`, isPermanent })
}

/** A reply of the 4xx kind asks to come again: greylisting, a full queue [RFC 5321, 4.2.1]. */
function refused(server: string, status: number): ProviderOutage {
  return new ProviderOutage({ reason: 'refused', message: `${server} answered ${String(status)}`, isPermanent: status >= 500, status })
}

function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', inBrackets, alone] = /^(?:([^<>"\p{Cc}]*?) ?<([^\s<>@]+@[^\s<>@]+)>|([^\s<>@]+@[^\s<>@]+))$/u.exec(text) ?? []
  const address = inBrackets ?? alone
  return address === undefined ? undefined : { name: name.trim(), address }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
