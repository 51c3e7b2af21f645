import { wallMs } from '../clock/index.js'
import { createHmac } from 'node:crypto'
import { statusOutage } from './http-outage.js'
import { newHttpPoster } from './http-post.js'
import type { PushNotification, PushProvider } from './push-provider.js'

export interface WebhookOptions {
  /** https, or http to this very machine. */
  readonly url: string
  /** Key of the signature: at least 16 characters. */
  readonly secret: string
  readonly timeoutMs: number
  readonly ca?: string | undefined
  /** The clock, ms; a test's own. */
  readonly now?: () => number
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
const minSecretCharacters = 16
export const signatureHeader = 'x-nynja-signature'

/** @returns one sentence for each thing that is wrong; none of them repeats a value */
export function webhookProblems({ url, secret }: Pick<WebhookOptions, 'url' | 'secret'>): readonly string[] {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isSecure = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback.has(parsed.hostname))
  return [
    ...(isSecure ? [] : ['the URL must be an absolute https URL (http only to this machine)']),
    ...(secret.length >= minSecretCharacters ? [] : [`the secret must have at least ${minSecretCharacters} characters`]),
  ]
}

/**
 * Posts every notification, whatever its device, to one URL, as JSON: the fields of {@link PushNotification}. The header
 * `x-nynja-signature: t=<seconds>,v1=<hex>` is the HMAC-SHA256 of `<seconds>.<body>`. 2xx: accepted; 410: the token is invalid.
 */
export function webhookPush({ url, secret, timeoutMs, ca, now = wallMs }: WebhookOptions): PushProvider {
  const target = new URL(url)
  const poster = newHttpPoster({ name: 'push webhook', timeoutMs, ca })
  return {
    async send(notification: PushNotification) {
      const body = JSON.stringify(notification)
      const headers = { 'content-type': 'application/json', [signatureHeader]: signatureOf(body, secret, Math.floor(now() / 1_000)) }
      const { status, headers: answered } = await poster.post({ url: target, headers, body })
      if (status >= 200 && status < 300) return { kind: 'done' }
      if (status === 410) return { kind: 'invalid-token' }
      throw statusOutage(`push webhook ${target.host}`, status, answered['retry-after'])
    },
    close() {
      poster.close()
      return Promise.resolve()
    },
  }
}

export function signatureOf(body: string, secret: string, seconds: number): string {
  return `t=${String(seconds)},v1=${createHmac('sha256', secret)
    .update(`${String(seconds)}.${body}`)
    .digest('hex')}`
}
