import { randomBytes } from 'node:crypto'
import { afterMs, type Monotonic } from '../../../clock/index.js'
import { type AnyRecord, errorCodeOf } from '../../../protocol/index.js'
import type { Check, Store } from '../../../store/contract.js'
import type { Phone } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import type { Job } from '../../outcome.js'
import { adoptEntries, type Adopted } from './adopt.js'
import { type Asked, decodeContent, type EntryOwner, type NoticeEntry, noticedMessages, outboxId, ownerOf, timeOf } from './entry.js'
import type { Notice } from './notice.js'
import { Notices, type PushOutcome } from './notices.js'
import { newOutboxWriter, type OutboxWriter } from './outbox-writer.js'
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
  readonly request: string
}

export interface OutboxWorld {
  readonly store: Store
  /** Of this worker, and how many there are. */
  readonly node: number
  readonly nodes: number
  readonly boot: string
  /** The process has the store for itself: what others have left is what earlier starts of it have. */
  readonly isAlone: boolean
  /** Null: nobody is notified. */
  readonly rules: PushRules | null
  /** A job of an earlier life that is older than this is of no use any more, ms. */
  readonly codeLifeMs: number
  readonly newReader: () => FactReader
  readonly perform: (id: string, task: Task, connection: number) => void
  readonly answer: (connection: number, record: AnyRecord) => void
  /** What a request has come to that could only be answered when its job had ended: `ok`, or the code it was refused with. */
  readonly countRequest: (request: string, outcome: string) => void
  readonly count: (channel: PushChannel | 'none', outcome: PushOutcome) => void
  readonly onFault: (fault: unknown) => void
  /** The wall clock, of what is stored, and the one of what waits here. */
  readonly now: () => number
  readonly elapsed: () => Monotonic
}

const pageEntries = 500
const writeDelayMs = 50
const stopPatienceMs = 2_000
const lookAgainMs = 20

/**
 * What one worker has to do in the outside world: codes to send, people to notify. Each is an entry of the store's outbox, committed with the
 * request that asked for it, named after the process and node that works it off, and removed when it has ended. Whoever takes the place of the
 * worker finds what is left; what a dead process has left goes to its heir. So everything is done at least once.
 */
export class Outbox {
  readonly #world: OutboxWorld
  readonly #writer: OutboxWriter
  readonly #owner: EntryOwner
  /** Undefined where push notifications are off. */
  readonly #notices: Notices | undefined
  /** Jobs under way, and who waits for them. */
  readonly #jobs = new Map<string, Asked | null>()
  readonly #questions = new Map<string, CredentialsQuestion>()
  /**
   * What is found in the store while what is left is taken up, and is not left: what this worker has made since, and jobs handed over by the
   * worker before it that have ended meanwhile. Undefined once all has been taken up.
   */
  #notLeft: Set<string> | undefined = new Set()
  #takingUp: Promise<void> = Promise.resolve()

  constructor(world: OutboxWorld) {
    const { store, onFault, rules } = world
    this.#world = world
    this.#owner = { boot: world.boot, node: world.node }
    this.#writer = newOutboxWriter({ commit: (commit) => store.commit(commit), delayMs: writeDelayMs, onFault })
    this.#notices = rules === null ? undefined : this.#newNotices(rules)
  }

  readonly newId = (): string => {
    const id = outboxId(this.#world.now(), randomBytes(8).toString('hex'), this.#owner)
    this.#notLeft?.add(id)
    return id
  }

  /** Whether a notice may be committed now; none is where push notifications are off. */
  readonly takesNotices = (): boolean => this.#notices?.hasRoom() ?? false

  /** Whether new notices are dropped now. */
  get isFull(): boolean {
    return this.#notices?.isFull ?? false
  }

  startJob({ id, job, ...asked }: CommittedJob): void {
    this.#jobs.set(id, asked)
    this.#world.perform(id, job, asked.connection)
  }

  readonly startNotice = ({ id, numbers, message, ...rest }: CommittedNotice): void => {
    const entry: NoticeEntry = { kind: 'notice', ...rest, only: null, attempts: 0, next: 0, created: timeOf(id) }
    this.#notices?.hold({ id, message, numbers, entry })
  }

  ask(question: CredentialsQuestion): void {
    const id = this.newId()
    this.#questions.set(id, question)
    this.#world.perform(id, { kind: 'credentials', owner: question.owner }, question.connection)
  }

  ended(id: string, end: TaskEnd): void {
    const question = this.#questions.get(id)
    if (question !== undefined) {
      this.#questions.delete(id)
      const isDone = end.kind === 'credentials'
      this.#tell(question, isDone, isDone ? question.done(end.credentials) : question.failed)
    } else if (isPush(id)) this.#notices?.ended(id, end)
    else this.#endJob(id, end)
  }

  /** Takes up what an earlier life of this node has left. */
  takeUp(): Promise<void> {
    const taking = this.#takeUpAll().finally(() => (this.#notLeft = undefined))
    this.#takingUp = taking.catch(() => undefined) // whoever asked for it is told
    return taking
  }

  /**
   * Takes over what a dead process has left: its entries become those of this node, each in the commit that takes it away from the dead.
   * @param heirship what makes this process the heir; once it has changed, nothing more is taken
   * @returns whether all of it has been taken over
   */
  async adopt(dead: string, heirship: Check): Promise<boolean> {
    // What is adopted looks like what an earlier life has left: it must not be found twice.
    await this.#takingUp
    const hold = ({ id, job }: Adopted): Promise<void> => this.#takeUpEntry(id, job)
    return adoptEntries({ store: this.#world.store, owner: this.#owner, dead, heirship, hold, pause })
  }

  async #takeUpAll(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.#world.store.outboxPage(pageEntries, after)
      for (const { id, job } of page) if (this.#isLeft(id)) await this.#takeUpEntry(id, job)
      after = page.at(-1)?.id
      if (after === undefined || page.length < pageEntries) break
      await pause()
    }
  }

  /** How many entries wait, and for how long the oldest notice has waited, ms. */
  get depth(): { readonly jobs: number; readonly notices: number; readonly ageMs: number } {
    return { jobs: this.#jobs.size, notices: this.#notices?.held ?? 0, ageMs: this.#notices?.oldestMs ?? 0 }
  }

  /** Begins nothing more, waits a little for what is on its way, and writes what has ended. */
  async stop(): Promise<void> {
    const { elapsed } = this.#world
    this.#notices?.stop()
    const deadline = afterMs(elapsed(), stopPatienceMs)
    while (this.#jobs.size + (this.#notices?.inFlight ?? 0) > 0 && elapsed() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
    }
    await this.#writer.flush()
  }

  #newNotices(rules: PushRules): Notices {
    const { store, now, elapsed, onFault, newReader, count, perform } = this.#world
    return new Notices({
      ...{ store, now, elapsed, onFault, newReader, count, rules, pause, later },
      writer: this.#writer,
      newId: this.newId,
      perform: (id, task) => {
        perform(id, task, 0)
      },
      chance: Math.random,
    })
  }

  #isLeft(id: string): boolean {
    const { node, nodes, boot, isAlone } = this.#world
    const owner = ownerOf(id, nodes)
    if (owner.node !== node || this.#notLeft?.has(id) === true) return false
    return owner.boot === boot || isAlone
  }

  async #takeUpEntry(id: string, bytes: Uint8Array): Promise<void> {
    const content = decodeContent(bytes)
    if (content?.kind === 'job') this.#takeUpJob(id, content.job, content.asked)
    else if (content === undefined || this.#notices === undefined) this.#writer.remove(id, [noticedMessages.remove(id)])
    else {
      const message = content.notice.message ?? (await this.#readMessageId(id))
      this.#notices.hold({ id, entry: content, message, numbers: undefined })
    }
  }

  async #readMessageId(id: string): Promise<number> {
    const row = await this.#world.store.get(noticedMessages.key(id))
    return row === undefined ? 0 : noticedMessages.decode(row)
  }

  #takeUpJob(id: string, job: Job, asked: Asked | null): void {
    if (this.#world.now() - timeOf(id) > this.#world.codeLifeMs) {
      this.#writer.remove(id)
      return
    }
    // Whoever asked still waits if only the worker has died.
    const waiting = asked?.boot === this.#world.boot ? asked : null
    this.#jobs.set(id, waiting)
    this.#world.perform(id, job, waiting?.connection ?? 0)
  }

  #endJob(id: string, end: TaskEnd): void {
    const asked = this.#jobs.get(id) ?? null
    this.#notLeft?.add(id)
    this.#jobs.delete(id)
    this.#writer.remove(id)
    if (asked !== null) this.#tell(asked, end.kind === 'done', end.kind === 'done' ? asked.done : asked.failed)
  }

  #tell({ connection, request = '' }: Pick<Asked, 'connection' | 'request'>, isDone: boolean, answer: AnyRecord): void {
    if (request !== '') this.#world.countRequest(request, isDone ? 'ok' : (errorCodeOf(answer) ?? 'failed'))
    this.#world.answer(connection, answer)
  }
}

/** Notifications are named after the entry they belong to and their device. */
function isPush(id: string): boolean {
  return id.includes('/')
}

/** Lets requests go first. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function later(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref()
  return () => {
    clearTimeout(timer)
  }
}
