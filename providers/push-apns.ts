import { wallMs } from '../clock/index.js'
import { createPrivateKey } from 'node:crypto'
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { connectionOutage, statusOutage, timeoutOutage } from './http-outage.js'
import { ProviderOutage } from './provider-outage.js'
import { notificationData, type PushNotification, type PushProvider, type PushResult } from './push-provider.js'

export interface ApnsOptions {
  /** PEM of the signing key (.p8), its id, and the team it belongs to. */
  readonly key: string
  readonly keyId: string
  readonly teamId: string
  /** Bundle id of the app. */
  readonly topic: string
  /** Origin; Apple's production unless told otherwise. */
  readonly endpoint: string
  readonly timeoutMs: number
  readonly ca?: string | undefined
  /** The clock, ms; a test's own. */
  readonly now?: () => number
}

/** Apple takes a provider token for 20 to 60 minutes. */
const tokenLifeMs = 40 * 60_000
const maxAnswerBytes = 4_096
const invalidReasons = new Set(['BadDeviceToken', 'DeviceTokenNotForTopic', 'Unregistered', 'ExpiredToken', 'MissingDeviceToken'])
/** Of the provider token: the next one may do. */
const tokenReasons = new Set(['ExpiredProviderToken', 'InvalidProviderToken', 'MissingProviderToken'])
const deviceToken = /^[0-9a-fA-F]{2,400}$/

/** Whether a PEM holds a key that APNs signs with: one on the curve P-256. */
export function isApnsKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

interface ApnsAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly reason: string
}

/**
 * Apple's push service over HTTP/2: one connection for all notifications, made again when it has ended. What is shown is a text of the app
 * (`loc-key`), unless the operator shows messages; the app may look the message up before it is shown (`mutable-content`).
 * @see Apple, Sending notification requests to APNs; Handling notification responses from APNs
 */
export function apnsPush(options: ApnsOptions): PushProvider {
  const { endpoint, topic, timeoutMs, now = wallMs } = options
  const origin = new URL(endpoint)
  const service = `APNs ${origin.host}`
  const token = newProviderToken(options, now)
  const link = newLink(origin, options.ca)

  async function post(notification: PushNotification): Promise<ApnsAnswer> {
    const headers = {
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/3/device/${notification.token}`,
      authorization: `bearer ${await token.get()}`,
      'apns-topic': topic,
      'apns-push-type': 'alert',
      'apns-priority': '10',
      'apns-expiration': String(Math.floor(now() / 1_000) + notification.lifeSeconds),
      'apns-collapse-id': notification.collapse,
    }
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await link.post(headers, JSON.stringify(payloadOf(notification)), signal)
    } catch (error) {
      // A connection that answers nothing may be dead without having been told.
      if (signal.aborted) link.drop()
      throw signal.aborted ? timeoutOutage(service, timeoutMs) : connectionOutage(service, error)
    }
  }

  return {
    async send(notification): Promise<PushResult> {
      if (!deviceToken.test(notification.token)) return { kind: 'invalid-token' }
      const { status, headers, reason } = await post(notification)
      if (status === 200) return { kind: 'done' }
      if (status === 410 || invalidReasons.has(reason)) return { kind: 'invalid-token' }
      const outage = statusOutage(service, status, headers['retry-after'])
      if (!tokenReasons.has(reason)) throw outage
      token.forget()
      throw new ProviderOutage({ reason: 'refused', message: `${service} refuses the provider token`, isPermanent: false, status })
    },
    close: () => link.close(),
  }
}

function payloadOf(notification: PushNotification): object {
  const { kind, name, text, feed } = notification
  const shown = text === null ? { 'loc-key': `nynja_${kind}` } : { body: text }
  const alert = { ...shown, ...(name === null ? {} : { title: name }) }
  return { aps: { alert, sound: 'default', 'thread-id': feed, 'mutable-content': 1 }, nynja: notificationData(notification) }
}

interface ProviderToken {
  get(): Promise<string>
  forget(): void
}

function newProviderToken({ key, keyId, teamId }: ApnsOptions, now: () => number): ProviderToken {
  let known: { readonly token: Promise<string>; readonly made: number } | undefined

  async function make(): Promise<string> {
    const { importPKCS8, SignJWT } = await import('jose')
    const signing = await importPKCS8(key, 'ES256').catch(() => {
      throw new ProviderOutage({ reason: 'refused', message: 'the APNs key is none', isPermanent: true })
    })
    return new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(now() / 1_000))
      .sign(signing)
  }

  return {
    get() {
      // One that is dated ahead was made before the clock was set back: Apple would refuse it.
      if (known === undefined || now() < known.made || now() - known.made >= tokenLifeMs) known = { token: make(), made: now() }
      return known.token
    },
    forget() {
      known = undefined
    },
  }
}

interface Link {
  post(headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<ApnsAnswer>
  /** Gives the connection up: the next post makes another. */
  drop(): void
  close(): Promise<void>
}

function newLink(origin: URL, ca: string | undefined): Link {
  let session: ClientHttp2Session | undefined

  function open(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session
    const opened = connect(origin, ca === undefined ? {} : { ca })
    const forget = (): void => {
      if (session === opened) session = undefined
    }
    // Requests under way are told by their own errors; after GOAWAY they may still end well.
    opened.on('error', forget).on('goaway', forget).on('close', forget)
    opened.unref()
    session = opened
    return opened
  }

  return {
    post: (headers, body, signal) =>
      new Promise((resolve, reject) => {
        const stream = open().request(headers, { signal })
        const chunks: Buffer[] = []
        let answered: IncomingHttpHeaders = {}
        let bytes = 0
        stream.on('response', (received) => (answered = received))
        stream.on('data', (chunk: Buffer) => {
          if ((bytes += chunk.length) <= maxAnswerBytes) chunks.push(chunk)
        })
        stream.on('error', reject)
        stream.on('close', () => {
          const status = Number(answered[constants.HTTP2_HEADER_STATUS] ?? 0)
          if (status === 0) reject(new Error('closed without an answer'))
          else resolve({ status, headers: answered, reason: reasonIn(Buffer.concat(chunks).toString('utf8')) })
        })
        stream.end(body)
      }),
    drop() {
      session?.destroy()
      session = undefined
    },
    close() {
      session?.destroy()
      session = undefined
      return Promise.resolve()
    },
  }
}

function reasonIn(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown }
    return typeof reason === 'string' ? reason : ''
  } catch {
    return '' // an answer without a body has none
  }
}
