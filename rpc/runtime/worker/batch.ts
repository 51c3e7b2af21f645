import type { Monotonic } from '../../../clock/index.js'
import type { CommitResult, DroppedEntries, Fence, Opening, Store, StoreOutage } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import type { Mark } from '../../documents/index.js'
import type { FactReader, PagePlace } from '../../facts.js'
import type { Outcome } from '../../outcome.js'
import type { ReadCache } from '../../read-cache.js'
import type { StrangersLearn } from '../../strangers-learn.js'
import type { Asker, Draft } from './draft.js'
import type { Marks } from './marks.js'
import type { Share } from './share.js'

/** One request of a batch, ready to be evaluated: a PUBLISH, or an event of the connection (connected, gone). */
export interface BatchItem {
  readonly asker: Asker
  /** Reported as done after the commit; 0 for events of the connection. */
  readonly request: number
  /** By which a retransmission is known; absent for QoS 0, for connection events and for clients without marks. */
  readonly mark?: Mark
  /** It may have been committed before: the marks are asked. */
  readonly isRepeated: boolean
  /** A refusal is answered with `io`; a direct publish without the right is not. */
  readonly answersRefusals: boolean
  /** Of the connection it came through: nothing is stored once another one has opened the inbox. Absent where nobody else can. */
  readonly fence?: Fence
  /** Goes with its commit, whatever is decided. */
  readonly opens?: Opening
  /** Length of its payload; 0 where this is left out. */
  readonly bytes?: number
  /** The name under which it is counted; known once it has been evaluated. */
  readonly name?: () => string
  evaluate(reader: FactReader): Promise<Outcome>
  /** What is told instead while nothing can be stored, for what waits for nobody: the event of a connection. It stores nothing. */
  evaluateUnstored?(reader: FactReader): Promise<Outcome>
}

/** A committed (or commit-less) batch with all that must be told afterwards. */
export interface BatchResult {
  readonly draft: Draft
  readonly result: CommitResult & { kind: 'committed' }
}

export interface BatchWorld {
  readonly store: Store
  readonly cache: ReadCache
  readonly boot: string
  readonly strangersLearn?: StrangersLearn
  /** Of the batch, for the large pages that it reads; the caller gives it back. */
  readonly place?: PagePlace
  /** Which processes are members of the cluster; where this is left out, there is none but this one. */
  readonly isLive?: (boot: string) => boolean
  readonly newId: () => string
  /** Whether notices are taken on now; none is where this is left out. */
  readonly takesNotices?: () => boolean
  /** Milliseconds since 1970; where this is left out, nothing is noted of what inboxes lose. */
  readonly date?: () => number
  /** A handler threw: the request is refused as `internal`, the fault is logged. */
  readonly onFault: (fault: unknown) => void
  readonly onConflict: () => void
  /** A commit has dropped entries of inboxes that were full. */
  readonly onDropped?: (dropped: DroppedEntries) => void
  /** An item is going to be evaluated; told again where it is evaluated again. */
  readonly onBegin?: (item: BatchItem) => void
  /** What an item has come to: told once, when that is settled. */
  readonly onOutcome: (item: BatchItem, outcome: Outcome) => void
  /** The store lacks something, and the item waits with it, for it is not answered. Told once. */
  readonly onLack?: (item: BatchItem, outage: StoreOutage) => void
  /** For lack of something nothing was stored of an event: it is to be made up for. */
  readonly onMissed?: (item: BatchItem) => void
  /** Resolves when a batch may be run once more; where this is left out, at once. */
  readonly turn?: () => Promise<void>
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<void>
  /** The clock of the deadline. */
  readonly elapsed: () => Monotonic
}

/** The state of one client id within its worker. */
export interface ClientState {
  readonly clientId: ClientId
  /** Undefined until first needed, and after a conflict. */
  marks: Marks | undefined
  /** What it has had of the worker's time; left out where nobody waits for it. */
  readonly share?: Share
}
