/** One push notification to one device. It says where to look, and what happened there only where the operator shows that. */
export interface PushNotification {
  /** What the push service knows the device by: of web push, the subscription as JSON. */
  readonly token: string
  readonly os: 'ios' | 'android' | 'web' | null
  readonly kind: 'message' | 'request' | 'call'
  /** `p2p/<a>/<b>` or `room/<id>`. */
  readonly feed: string
  /** phone_id of the person it comes from. */
  readonly from: string
  /** phone_id it is for. */
  readonly to: string
  /** Id of the message; 0 where there is none. */
  readonly message: number
  /** Unread messages of the feed, at most 100; null where nobody has counted. */
  readonly unread: number | null
  readonly name: string | null
  readonly text: string | null
  /** A later notification with the same key replaces this one: at most 32 characters of base64url. */
  readonly collapse: string
  /** How long the service may keep it for a device that is away, seconds. */
  readonly lifeSeconds: number
}

/** What a push service said: it takes care of it, or it knows no such device (any more). */
export type PushResult = { readonly kind: 'done' } | { readonly kind: 'invalid-token' }

/**
 * Hands notifications to a push service. Promises, kept by the contract suite (`test/providers/push-contract.ts`):
 * - `send` resolves once the service has accepted the notification or named the token invalid; what it accepted is what was given.
 * - It makes one attempt, which ends within its timeout: attempts again are the caller's, who keeps them.
 * - It throws {@link ProviderOutage} and nothing else: permanent where another attempt would end alike, and with the time after which the
 *   service wants to be asked again where it said so. Neither the error nor any log line holds a token, a text or a secret.
 * - Calls do not wait for each other; a service that has been down is reached again without help.
 */
export interface PushProvider {
  /** @throws ProviderOutage if it was not accepted */
  send(notification: PushNotification): Promise<PushResult>
  /** Ends its connections. */
  close(): Promise<void>
}

/** What every adapter tells an app, as texts: nothing is left out, so that apps need not ask what is missing. */
export function notificationData(notification: PushNotification): Readonly<Record<string, string>> {
  const { kind, feed, from, to, message, unread, name, text } = notification
  return {
    ...{ kind, feed, from, to, message: String(message) },
    ...(unread === null ? {} : { unread: String(unread) }),
    ...(name === null ? {} : { name }),
    ...(text === null ? {} : { text }),
  }
}
