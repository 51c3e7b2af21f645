import type { AnyRecord } from '../../../protocol/index.js'
import type { Append, Check, Delivery, Opening, OutboxEntry, Put, PutNumber } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import type { FactReader, Overlay } from '../../facts.js'
import type { AppendMessage, Job, Payload } from '../../outcome.js'
import type { Verdict } from '../link/verdict.js'
import type { Notice } from '../outbox/notice.js'

/** Who receives one send, and in which inbox entries of the commit it is found. */
export interface Outgoing {
  readonly payload: Payload
  readonly topic: string
  readonly qos: 1 | 2
  readonly clients: readonly string[]
  /** Place of the first delivery in `deliveries`; the others follow in the order of `clients`. */
  readonly firstDelivery: number
}

/** Something to tell the main thread once the commit is done, in the order in which it was decided. */
export type AfterCommit =
  | { readonly kind: 'deliver'; readonly outgoing: Outgoing }
  | {
      readonly kind: 'live'
      readonly topic: string
      readonly exceptClient: string
      readonly phones: readonly Phone[]
      readonly payload: Payload
    }
  /** For the connection that asked, in no inbox. */
  | {
      readonly kind: 'answer'
      readonly connection: number
      readonly qos: 0 | 1 | 2
      readonly payload: Payload
      /** Its `actions` topic where this is left out. */
      readonly topic?: string | undefined
    }
  | {
      readonly kind: 'perform'
      readonly id: string
      readonly job: Job
      readonly connection: number
      readonly done: AnyRecord
      readonly failed: AnyRecord
      readonly request: string
    }
  /** People to be notified if none of their devices acknowledges what has been delivered to `clients`. */
  | {
      readonly kind: 'notice'
      readonly id: string
      readonly notice: Notice
      readonly phones: readonly Phone[]
      readonly clients: readonly string[]
      readonly firstDelivery: number
      readonly append: number | undefined
    }
  | { readonly kind: 'credentials'; readonly owner: Phone; readonly connection: number; readonly request: string }
  | { readonly kind: 'close'; readonly client: ClientId; readonly because: string }
  | { readonly kind: 'renumber'; readonly phone: Phone; readonly number: Phone }
  | { readonly kind: 'registered'; readonly client: ClientId; readonly phone: Phone; readonly isNew: boolean }
  /** Another connection of its device has taken its place somewhere: nothing it asked for was done. */
  | { readonly kind: 'followed'; readonly connection: number }
  | { readonly kind: 'done'; readonly request: number; readonly verdict: DraftedVerdict }

/** A verdict before its commit: what numbers the commit gives is found by place. */
export type DraftedVerdict = Exclude<Verdict, { readonly kind: 'done' }> | ({ readonly kind: 'accepted' } & AddedOutcome)

/** What an outcome has added to a draft. */
export interface AddedOutcome {
  /** It stores something, so that it needs the commit. */
  readonly isStored: boolean
  /** Its messages in `appends`: the place of the first, and how many. */
  readonly firstAppend: number
  readonly appends: number
  /** Places in `deliveries` of the answers that the asker finds in its inbox. */
  readonly queued: readonly number[]
}

/** What a batch of requests of one client adds up to: one commit and what follows it. */
export interface Draft {
  readonly checks: Check[]
  readonly puts: Put[]
  readonly appends: Append[]
  readonly appended: AppendMessage[]
  readonly numbers: PutNumber[]
  readonly deliveries: Delivery[]
  readonly clearInboxes: ClientId[]
  readonly opens: Opening[]
  readonly outbox: OutboxEntry[]
  readonly after: AfterCommit[]
  /** Bodies packed so far, by record: one record may be sent in several sends. */
  readonly bodies: Map<AnyRecord, PackedBody>
}

export interface PackedBody {
  bytes: Uint8Array
  copies: number
}

export function emptyDraft(): Draft {
  return {
    checks: [],
    puts: [],
    appends: [],
    appended: [],
    numbers: [],
    deliveries: [],
    clearInboxes: [],
    opens: [],
    outbox: [],
    after: [],
    bodies: new Map(),
  }
}

export function needsCommit(draft: Draft): boolean {
  const { puts, appends, deliveries, clearInboxes, opens, outbox } = draft
  return puts.length + appends.length + deliveries.length + clearInboxes.length + opens.length + outbox.length > 0
}

/** Who asked, and how the answer reaches it. */
export interface Asker {
  readonly connection: number
  readonly clientId: ClientId
  /** `actions` topic of the asker. */
  readonly actionsTopic: string
  /** Only devices have an inbox. */
  readonly hasInbox: boolean
  readonly qos: 0 | 1 | 2
}

export interface DraftWorld {
  readonly reader: FactReader
  readonly overlay: Overlay
  /** The `actions` topic of a device that is not the asker. */
  readonly actionsTopicOf: (client: ClientId) => string
  readonly newId: () => string
  /** The name of the request, under which it is counted. */
  readonly request?: (() => string) | undefined
  /** Whether notices are taken on now; none is where this is left out. */
  readonly takesNotices?: (() => boolean) | undefined
  /** Milliseconds since 1970; where this is left out, nothing is noted of what inboxes lose. */
  readonly date?: (() => number) | undefined
}
