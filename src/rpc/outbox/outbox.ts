import { randomBytes } from 'node:crypto'
import type { AnyRecord } from '../../protocol/index.js'
import type { Store } from '../../store/contract.js'
import type { Phone } from '../../topics/index.js'
import type { FactReader } from '../facts.js'
import type { Job } from '../outcome.js'
import { type Asked, decodeContent, noticedMessages, outboxId, ownerOf, timeOf } from './entry.js'
import type { Notice } from './notice.js'
import { newNotices, type Notices, type PushOutcome } from './notices.js'
import { newOutboxWriter } from './outbox-writer.js'
import type { CloudCredentials, PushChannel, PushRules, Task, TaskEnd } from './task.js'

/** A job that has just been committed. */
export interface CommittedJob extends Asked {
  readonly id: string
  readonly job: Job
}

/** A notice that has just been committed, with the numbers that the commit has given. */
export interface CommittedNotice {
  readonly id: string
  readonly notice: Notice
  readonly phones: readonly Phone[]
  readonly isOfAppend: boolean
  /** Id of its message; 0 where there is none. */
  readonly message: number
  /** Inbox numbers by client. */
  readonly numbers: ReadonlyMap<string, number>
}

/** A question to a provider that somebody waits for; nothing of it is stored. */
export interface CredentialsQuestion {
  readonly owner: Phone
  readonly connection: number
  readonly done: (credentials: CloudCredentials) => AnyRecord
  readonly failed: AnyRecord
}

/**
 * What one worker has to do in the outside world: codes to send, people to notify. Each is an entry of the store's outbox, committed with the
 * request that asked for it, named after the node that works it off, and removed when it has ended; whoever takes the node's place, after a
 * restart of the server or the death of the worker, finds what is left. So everything is done at least once.
 */
export interface Outbox {
  /** Whether a notice may be committed now; none is where push notifications are off. */
  takesNotices(): boolean
  startJob(job: CommittedJob): void
  startNotice(notice: CommittedNotice): void
  ask(question: CredentialsQuestion): void
  ended(id: string, end: TaskEnd): void
  /** Takes up what an earlier life of this node has left. */
  takeUp(): Promise<void>
  newId(): string
  /** How many entries wait, and for how long the oldest notice has waited, ms. */
  readonly depth: { readonly jobs: number; readonly notices: number; readonly ageMs: number }
  /** Begins nothing more, waits a little for what is on its way, and writes what has ended. */
  stop(): Promise<void>
}

export interface OutboxWorld {
  readonly store: Store
  /** Of this worker, and how many there are. */
  readonly node: number
  readonly nodes: number
  readonly boot: string
  /** Null: nobody is notified. */
  readonly rules: PushRules | null
  /** A job of an earlier life that is older than this is of no use any more, ms. */
  readonly codeLifeMs: number
  readonly newReader: () => FactReader
  readonly perform: (id: string, task: Task, connection: number) => void
  readonly answer: (connection: number, record: AnyRecord) => void
  readonly count: (channel: PushChannel | 'none', outcome: PushOutcome) => void
  readonly onFault: (fault: unknown) => void
  readonly now: () => number
}

const pageEntries = 500
const writeDelayMs = 50
const stopPatienceMs = 2_000
const lookAgainMs = 20

export function newOutbox(world: OutboxWorld): Outbox {
  const { store, now, rules, onFault, perform } = world
  const startedAt = now()
  const jobs = new Map<string, Asked | null>()
  const questions = new Map<string, CredentialsQuestion>()
  /** Jobs handed over by the worker before this one may end before they are found. */
  const endedEarly = new Set<string>()
  let isTakingUp = false
  const writer = newOutboxWriter({ commit: (commit) => store.commit(commit), delayMs: writeDelayMs, onFault })
  const newId = (): string => outboxId(now(), randomBytes(8).toString('hex'), world.node)
  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const notices: Notices | undefined =
    rules === null
      ? undefined
      : newNotices({
          ...{ store, rules, writer, now, newId, pause, startedAt, onFault },
          newReader: world.newReader,
          perform: (id, task) => {
            perform(id, task, 0)
          },
          count: world.count,
          chance: Math.random,
          later(ms, run) {
            const timer = setTimeout(run, ms).unref()
            return () => {
              clearTimeout(timer)
            }
          },
        })

  function takeUpJob(id: string, job: Job, asked: Asked | null): void {
    if (startedAt - timeOf(id) > world.codeLifeMs) writer.remove(id)
    else {
      const waiting = asked?.boot === world.boot ? asked : null
      jobs.set(id, waiting)
      perform(id, job, waiting?.connection ?? 0)
    }
  }

  async function takeUpEntry(id: string, bytes: Uint8Array): Promise<void> {
    const content = decodeContent(bytes)
    if (content?.kind === 'job') takeUpJob(id, content.job, content.asked)
    else if (content === undefined || notices === undefined) writer.remove(id, [noticedMessages.remove(id)])
    else {
      const row = content.notice.message === undefined ? await store.get(noticedMessages.key(id)) : undefined
      const message = content.notice.message ?? (row === undefined ? 0 : noticedMessages.decode(row))
      notices.hold({ id, entry: content, message, numbers: undefined })
    }
  }

  async function takeUp(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await store.outboxPage(pageEntries, after)
      for (const { id, job } of page) {
        // What is younger than this worker is its own.
        if (ownerOf(id, world.nodes) === world.node && timeOf(id) < startedAt && !endedEarly.has(id)) await takeUpEntry(id, job)
      }
      after = page.at(-1)?.id
      if (after === undefined || page.length < pageEntries) return
      await pause()
    }
  }

  function endJob(id: string, end: TaskEnd): void {
    const asked = jobs.get(id)
    if (isTakingUp) endedEarly.add(id)
    jobs.delete(id)
    writer.remove(id)
    if (asked != null) world.answer(asked.connection, end.kind === 'done' ? asked.done : asked.failed)
  }

  return {
    takesNotices: () => notices?.hasRoom() ?? false,
    startJob({ id, job, ...asked }) {
      jobs.set(id, asked)
      perform(id, job, asked.connection)
    },
    startNotice({ id, numbers, message, ...rest }) {
      notices?.hold({ id, message, numbers, entry: { kind: 'notice', ...rest, only: null, attempts: 0, next: 0, created: timeOf(id) } })
    },
    ask(question) {
      const id = newId()
      questions.set(id, question)
      perform(id, { kind: 'credentials', owner: question.owner }, question.connection)
    },
    ended(id, end) {
      const question = questions.get(id)
      if (question !== undefined) {
        questions.delete(id)
        world.answer(question.connection, end.kind === 'credentials' ? question.done(end.credentials) : question.failed)
      } else if (!id.includes('/')) endJob(id, end)
      else notices?.ended(id, end)
    },
    async takeUp() {
      isTakingUp = true
      await takeUp()
      isTakingUp = false
      endedEarly.clear()
    },
    newId,
    get depth() {
      return { jobs: jobs.size, notices: notices?.held ?? 0, ageMs: Math.max(0, now() - (notices?.oldest ?? Infinity)) }
    },
    async stop() {
      notices?.stop()
      const deadline = now() + stopPatienceMs
      while (jobs.size + (notices?.inFlight ?? 0) > 0 && now() < deadline) await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
      await writer.flush()
    },
  }
}
