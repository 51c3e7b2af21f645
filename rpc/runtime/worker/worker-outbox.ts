import { monotonicMs, wallMs } from '../../../clock/index.js'
import type { AnyRecord } from '../../../protocol/index.js'
import type { FactReader } from '../../facts.js'
import { shownTask } from '../../names/shown-task.js'
import { Outbox } from '../outbox/outbox.js'
import type { Counts } from './counts.js'
import type { KnownNames } from './known-names.js'
import type { Outlet } from './outlet.js'
import type { WorkerParts } from './worker-parts.js'

export interface OutboxParts {
  readonly parts: WorkerParts
  readonly outlet: Outlet
  readonly names: KnownNames
  readonly counts: Counts
  readonly newReader: () => FactReader
  readonly answer: (connection: number, record: AnyRecord) => void
  readonly onFault: (fault: unknown) => void
}

/** The outbox of a worker: jobs are performed by the main thread, which is told in the names of now. */
export function newWorkerOutbox({ parts, outlet, names, counts, newReader, answer, onFault }: OutboxParts): Outbox {
  const { store, context, node, push, cluster } = parts
  return new Outbox({
    ...{ store, node, nodes: context.nodeCount, boot: context.boot, rules: push, codeLifeMs: context.limits.codeLifeMs },
    isAlone: cluster === null,
    ...{ newReader, answer, onFault, countRequest: counts.request },
    perform: (id, job, connection) => {
      outlet.control({ kind: 'perform', id, job: shownTask(job, names.names), connection })
    },
    count: (provider, outcome) => {
      counts.push(provider, outcome)
    },
    now: wallMs,
    elapsed: monotonicMs,
  })
}
