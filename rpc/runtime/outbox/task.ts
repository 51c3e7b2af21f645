import type { Phone } from '../../../topics/index.js'
import type { Os } from '../../documents/index.js'
import type { Job } from '../../outcome.js'
import type { Notice } from './notice.js'

/** The ways a push notification can go. */
export const pushChannels = ['fcm', 'apns', 'webpush', 'webhook'] as const
export type PushChannel = (typeof pushChannels)[number]

/** What a push notification says. */
export interface PushNote {
  readonly kind: Notice['kind']
  readonly feed: string
  /** phone_id of the person it comes from. */
  readonly from: string
  /** phone_id it is for. */
  readonly to: string
  /** Id of the message; 0 where there is none. */
  readonly message: number
  /** Unread messages of the feed, at most 100; null where nobody has counted. */
  readonly unread: number | null
  /** Who it comes from and what the message says, where the operator shows that; else null. */
  readonly name: string | null
  readonly text: string | null
  /** A later notification with the same key replaces this one: 32 characters of base64url. */
  readonly collapse: string
}

/** One push notification to one device. */
export interface PushTask {
  readonly kind: 'push'
  readonly channel: PushChannel
  readonly token: string
  readonly os: Os | null
  readonly note: PushNote
  /** How long a push service may keep it for a device that is away, seconds. */
  readonly lifeSeconds: number
}

/** Temporary credentials for the cloud, for one person; asked for while the caller waits, so in no outbox. */
export interface CredentialsTask {
  readonly kind: 'credentials'
  readonly owner: Phone
}

/** What the main thread is asked to do in the outside world. */
export type Task = Job | PushTask | CredentialsTask

export interface CloudCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** Milliseconds since 1970 UTC. */
  readonly expires: number
}

/** How a task ended. */
export type TaskEnd =
  | { readonly kind: 'done' }
  /** Asking again would not help, or nobody waits for it. */
  | { readonly kind: 'failed' }
  /** Worth another attempt, after so long if the provider said so. */
  | { readonly kind: 'later'; readonly afterMs?: number }
  /** The device is gone: its token is to be forgotten. */
  | { readonly kind: 'invalid-token' }
  | { readonly kind: 'credentials'; readonly credentials: CloudCredentials }

/** What the server decides on push notifications, the same for all workers. */
export interface PushRules {
  /** How long the devices of a phone have to acknowledge before it is notified, ms. */
  readonly graceMs: number
  /** How long a notification is worth sending, from its message on, ms. */
  readonly lifeMs: number
  /** Names and texts may be told to push services. */
  readonly showsText: boolean
  /** Through which channel a device of that system is reached; `other` for those that never told theirs. */
  readonly channels: Readonly<Record<Os | 'other', PushChannel | null>>
}
