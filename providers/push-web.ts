import library from 'web-push'
import { statusOutage } from './http-outage.js'
import { newHttpPoster } from './http-post.js'
import { notificationData, type PushNotification, type PushProvider, type PushResult } from './push-provider.js'

export interface WebPushOptions {
  /** VAPID keys (base64url) and whom a push service may turn to: a mailto: or https: URL. */
  readonly publicKey: string
  readonly privateKey: string
  readonly subject: string
  /** Push services that subscriptions may name: a host, or `*.` and the end of one; with a port where it is not 443. */
  readonly hosts: readonly string[]
  readonly timeoutMs: number
  readonly ca?: string | undefined
}

/** The push services of the browsers. */
export const webPushHosts = ['fcm.googleapis.com', '*.push.services.mozilla.com', '*.push.apple.com', '*.notify.windows.com'] as const

interface Subscription {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

/** @returns one sentence for each thing that is wrong; none of them repeats a value */
export function webPushProblems({
  publicKey,
  privateKey,
  subject,
}: Pick<WebPushOptions, 'publicKey' | 'privateKey' | 'subject'>): readonly string[] {
  try {
    library.getVapidHeaders('https://push.example', subject, publicKey, privateKey, 'aes128gcm')
    return []
  } catch {
    return ['the VAPID keys or the subject (a mailto: or https: URL) are malformed'] // the cause may repeat a key
  }
}

/**
 * Web push: the notification as JSON, encrypted for the browser that subscribed (RFC 8030, 8291, 8292). The token of a session is its
 * subscription as JSON. Browsers choose where notifications are posted to: hosts that are not listed are never spoken to, and their
 * subscriptions are invalid.
 */
export function webPush({ hosts, timeoutMs, ca, ...vapid }: WebPushOptions): PushProvider {
  const poster = newHttpPoster({ name: 'web push', timeoutMs, ca })
  return {
    async send(notification): Promise<PushResult> {
      const subscription = parseSubscription(notification.token)
      const url = subscription && new URL(subscription.endpoint)
      if (subscription === undefined || url === undefined || !isListed(url, hosts)) return { kind: 'invalid-token' }
      const details = encrypt(notification, subscription, vapid)
      if (details === undefined) return { kind: 'invalid-token' }
      const { status, headers } = await poster.post({ url, ...details })
      if (status >= 200 && status < 300) return { kind: 'done' }
      if (status === 404 || status === 410) return { kind: 'invalid-token' }
      throw statusOutage(`web push ${url.host}`, status, headers['retry-after'])
    },
    close() {
      poster.close()
      return Promise.resolve()
    },
  }
}

function parseSubscription(token: string): Subscription | undefined {
  try {
    const { endpoint, keys } = JSON.parse(token) as { endpoint?: unknown; keys?: { p256dh?: unknown; auth?: unknown } }
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return undefined
    if (typeof keys?.p256dh !== 'string' || typeof keys.auth !== 'string') return undefined
    return { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } }
  } catch {
    return undefined // no JSON is no subscription
  }
}

function isListed(url: URL, hosts: readonly string[]): boolean {
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return false
  return hosts.some((host) => (host.startsWith('*.') ? url.host.endsWith(host.slice(1)) : url.host === host))
}

type Vapid = Pick<WebPushOptions, 'publicKey' | 'privateKey' | 'subject'>

/** @returns undefined if the keys of the subscription are none */
function encrypt(
  notification: PushNotification,
  subscription: Subscription,
  vapidDetails: Vapid,
): { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array } | undefined {
  try {
    const details = library.generateRequestDetails(subscription, JSON.stringify(notificationData(notification)), {
      vapidDetails,
      TTL: notification.lifeSeconds,
      topic: notification.collapse,
      urgency: 'high',
      contentEncoding: 'aes128gcm',
    })
    const headers = Object.entries(details.headers as Record<string, string | number>).map(
      ([name, value]) => [name, String(value)] as const,
    )
    return { headers: Object.fromEntries(headers), body: details.body }
  } catch {
    return undefined // the own keys were checked at the start, so it is those of the subscription
  }
}
