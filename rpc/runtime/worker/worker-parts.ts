import type { Store } from '../../../store/contract.js'
import type { RpcContext } from '../../context.js'
import type { ServiceSecrets } from '../../handlers/connect/credentials.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import type { UnderWay } from '../link/under-way.js'
import type { PushRules } from '../outbox/task.js'
import type { ClusterParts } from './cluster-outlet.js'

/** What a worker is given at its start. */
export interface WorkerParts {
  readonly store: Store
  /** Its number in the ring. */
  readonly node: number
  readonly context: RpcContext
  readonly services: ServiceSecrets
  /** See the link's variants; shared with the main thread. */
  readonly variantsInUse: Int32Array
  readonly post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void
  /** A request that could not be committed within this time is refused as `unavailable`. */
  readonly requestDeadlineMs: number
  /** Whom a message reaches that no device has acknowledged; null: nobody is notified. */
  readonly push: PushRules | null
  /** Told each second whether more notifications wait than are kept. */
  readonly onOutbox?: (isFull: boolean) => void
  /** The cluster the process belongs to; null for one that has its store for itself. */
  readonly cluster: ClusterParts | null
  /** A device whose connection is lost is announced as gone if it is not back after so long, ms. */
  readonly presenceGraceMs: number
  /** Where it notes what it is working on; null where nobody reads it. */
  readonly underWay: UnderWay | null
  /** This worker removes what has expired, and does what falls due; one worker of a server does. */
  readonly sweeps: boolean
}
