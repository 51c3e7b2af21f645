import type { DroppedEntries } from '../../../store/contract.js'
import type { Task } from '../outbox/task.js'
import type { Verdict } from './verdict.js'

/** One payload in one variant (see variant.ts). */
export interface Encoded {
  readonly variant: number
  readonly payload: Uint8Array
}

/** A number of an inbox: what is to be sent, or that nothing is sent any more of what once stood there. */
export type InboxPageEntry =
  | { readonly kind: 'publish'; readonly number: number; readonly topic: string; readonly qos: 1 | 2; readonly payload: Uint8Array }
  | { readonly kind: 'empty'; readonly number: number; readonly qos: 1 | 2 }

/** Entries of an inbox, ascending. What is missing between `after` and `through` is not there any more; `last` is the newest number there is. */
export interface InboxPage {
  readonly after: number
  readonly through: number
  readonly last: number
  readonly entries: readonly InboxPageEntry[]
}

export type FrameToMain =
  /** The request is committed, or needed no commit: acknowledge it. */
  | { readonly kind: 'done'; readonly request: number; readonly verdict: Verdict }
  /** Entries added to inboxes, by client and number, for devices that are connected. */
  | {
      readonly kind: 'deliver'
      readonly topic: string
      readonly qos: 1 | 2
      readonly encoded: readonly Encoded[]
      readonly clients: readonly string[]
      readonly numbers: readonly number[]
    }
  /** An answer for one connection that is in no inbox. */
  | { readonly kind: 'answer'; readonly connection: number; readonly topic: string; readonly qos: 0 | 1 | 2; readonly payload: Uint8Array }
  /** For whoever of these phones is connected now. */
  | {
      readonly kind: 'live'
      readonly topic: string
      readonly exceptClient: string
      readonly encoded: readonly Encoded[]
      readonly phones: readonly string[]
    }
  | { readonly kind: 'settled'; readonly client: string; readonly releasedTo: number }
  /** The inbox of a client has been opened elsewhere: connections with an older epoch are over. */
  | { readonly kind: 'evict'; readonly client: string; readonly epoch: number }
  /** Whoever is connected as this client is to be disconnected, once it has read what it was sent. */
  | { readonly kind: 'close'; readonly client: string; readonly because: string }
  /** The account filed under `phone` is called `number` from now on. */
  | { readonly kind: 'renumber'; readonly phone: string; readonly number: string }
  | { readonly kind: 'page'; readonly connection: number; readonly page: InboxPage }

export interface InboxStart {
  readonly last: number
  readonly settledTo: number
  readonly releasedTo: number
  /** Entries up to here may have been sent, as far as the store knows. */
  readonly sentTo: number
  /** Entries that were ever dropped because it was full. */
  readonly dropped: number
}

export type ConnectResult =
  /** `delayMs`: so long it is kept back; 0 for not at all. */
  | { readonly kind: 'refused'; readonly returnCode: 2 | 4; readonly because: string; readonly delayMs: number }
  /** The store did not answer in time, or there was a fault of ours: nothing is said of the client. */
  | { readonly kind: 'undecided'; readonly because: string }
  | {
      readonly kind: 'accepted'
      readonly client: 'device' | 'registration' | 'anonymous' | 'service'
      /** What the account of a device is filed under; empty for others. */
      readonly phone: string
      /** The number of the account as of now; empty for others. */
      readonly number: string
      readonly variant: number
      /** Where the inbox of a device stands; absent for others. */
      readonly inbox: InboxStart | null
      readonly isSessionPresent: boolean
      /** In a cluster, the epoch of its inbox; 0 elsewhere. */
      readonly epoch: number
      /** Somebody held the inbox until this connection opened it. */
      readonly wasHeld: boolean
    }

/**
 * One line of the workers' counts: requests by record and outcome, conflicts, groups of commits planned again, commit times in seconds, what became of push notifications, and
 * what waits in the outbox now.
 */
export type Counted =
  | { readonly name: 'request'; readonly record: string; readonly outcome: string; readonly count: number }
  | { readonly name: 'conflict' | 'replan' | 'fault'; readonly count: number }
  | ({ readonly name: 'dropped' } & DroppedEntries)
  | { readonly name: 'commit'; readonly seconds: readonly number[] }
  | { readonly name: 'push'; readonly provider: string; readonly outcome: string; readonly count: number }
  | { readonly name: 'outbox'; readonly jobs: number; readonly notices: number; readonly ageMs: number }

/** What became of a frame of `/ws`: an answer, to a device of the account that is filed under `account`; another node serves its device; or its connection has to be closed. */
export type TransferResult =
  | { readonly kind: 'answer'; readonly payload: Uint8Array; readonly account: string }
  | { readonly kind: 'elsewhere'; readonly node: number }
  | { readonly kind: 'close'; readonly because: 'malformed' | 'not_authorized' | 'internal' }

/** What a worker may run out of. */
export type WorkerResource = 'disk' | 'store' | 'memory' | 'files' | 'object-storage' | 'outbox'

export type ControlToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'connect-result'; readonly connection: number; readonly result: ConnectResult }
  /** Everything owed at connect is on its way: the inbox may follow. */
  | { readonly kind: 'open-inbox'; readonly connection: number }
  /** The end of a connection has been dealt with: its departure is stored, whoever had to know has been told. */
  | { readonly kind: 'left'; readonly connection: number }
  | { readonly kind: 'subscribe-result'; readonly connection: number; readonly request: number; readonly isAllowed: boolean }
  | { readonly kind: 'close'; readonly client: string; readonly because: string }
  /** The client is connected elsewhere: this connection of it is over. */
  | { readonly kind: 'followed'; readonly connection: number }
  /** What the worker has run out of, and why; `because` is null once there is enough of it again. */
  | { readonly kind: 'exhausted'; readonly resource: WorkerResource; readonly because: string | null }
  | { readonly kind: 'perform'; readonly id: string; readonly job: Task; readonly connection: number }
  | { readonly kind: 'transfer-result'; readonly exchange: number; readonly result: TransferResult }
  /** What the worker has counted since it last told. */
  | { readonly kind: 'counted'; readonly counts: readonly Counted[] }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: Readonly<Record<string, unknown>>
      readonly text: string
    }
  | { readonly kind: 'stopped' }
