import type { AnyRecord } from '../../protocol/index.js'
import type { StoreReader } from '../../store/contract.js'
import type { ControlToMain } from '../link/to-main.js'
import type { Job } from '../outcome.js'
import type { AfterCommit } from './draft.js'

/** Jobs for the outside world: committed to the outbox first, then performed by the main thread, then answered and removed. */
export interface Jobs {
  start(step: AfterCommit & { kind: 'perform' }): void
  ended(id: string, isDone: boolean): void
  /** Performs what a previous life of the server committed and did not finish. Nobody waits for its answer. */
  performLeftovers(): Promise<void>
}

export interface JobsWorld {
  readonly store: StoreReader
  readonly control: (message: ControlToMain) => void
  readonly answer: (connection: number, record: AnyRecord) => void
  /** The entry may be removed from the outbox. */
  readonly onDone: (id: string) => void
}

const leftoverLimit = 1_000

export function newJobs({ store, control, answer, onDone }: JobsWorld): Jobs {
  const waiting = new Map<string, AfterCommit & { kind: 'perform' }>()
  return {
    start(step) {
      waiting.set(step.id, step)
      control({ kind: 'perform', id: step.id, job: step.job, connection: step.connection })
    },
    ended(id, isDone) {
      const step = waiting.get(id)
      waiting.delete(id)
      onDone(id)
      if (step !== undefined) answer(step.connection, isDone ? step.done : step.failed)
    },
    async performLeftovers() {
      for (const { id, job } of await store.outboxPage(leftoverLimit)) {
        control({ kind: 'perform', id, job: JSON.parse(Buffer.from(job).toString('utf8')) as Job, connection: 0 })
      }
    },
  }
}
