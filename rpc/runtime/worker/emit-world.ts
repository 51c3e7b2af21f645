import { err } from '../../../protocol/index.js'
import { credentialsAnswer } from '../../handlers/profile/aws.js'
import type { Outbox } from '../outbox/outbox.js'
import type { ClusterOutlet } from './cluster-outlet.js'
import type { EmitWorld } from './emit.js'
import type { KnownNames } from './known-names.js'
import type { Outlet } from './outlet.js'
import type { WorkerParts } from './worker-parts.js'
import { encodingFor, type WorkerConnection } from './worker-connection.js'

export interface EmitParts {
  readonly parts: WorkerParts
  readonly outlet: Outlet
  readonly outbox: Outbox
  readonly names: KnownNames
  readonly cluster: ClusterOutlet | null
  readonly connections: ReadonlyMap<number, WorkerConnection>
}

/** Where what came of a batch is told. */
export function newEmitWorld({ parts, outlet, outbox, names, cluster, connections }: EmitParts): EmitWorld {
  return {
    frame: outlet.frame,
    names: names.names,
    variantsInUse: parts.variantsInUse,
    cluster,
    connectionOf: (number) => {
      const connection = connections.get(number)
      return connection === undefined ? undefined : { encoding: encodingFor(connection), actionsTopic: connection.actionsTopic }
    },
    control: (message) => {
      outlet.control(message)
    },
    onPerform: (step) => {
      const { connection } = step
      if (step.kind === 'perform') outbox.startJob({ ...step, boot: parts.context.boot })
      else outbox.ask({ owner: step.owner, connection, request: step.request, done: credentialsAnswer, failed: err('aws') })
    },
    onNotice: outbox.startNotice,
  }
}
