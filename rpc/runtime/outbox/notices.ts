import { afterMs, type Monotonic } from '../../../clock/index.js'
import type { Store } from '../../../store/contract.js'
import { type ClientId, type Phone, phoneOf, type PhoneId } from '../../../topics/index.js'
import { backoffMs, longestBackoffMs, maxAttempts } from './backoff.js'
import { encodeContent, type NoticeEntry, noticedMessages } from './entry.js'
import { forgetToken } from './forget-token.js'
import { judgePhone, type JudgeWorld } from './judge-phone.js'
import type { OutboxWriter } from './outbox-writer.js'
import { newPushQueue, type PushQueue, type QueuedPush } from './push-queue.js'
import { newSchedule, type Schedule, type ScheduleWorld } from './schedule.js'
import { type PushChannel, pushChannels, type PushTask, type Task, type TaskEnd } from './task.js'

/** What became of notices and notifications, for the metrics. */
export type PushOutcome =
  /** Of a phone: a device acknowledged in time; muted; nothing left to hear of. */
  | 'acknowledged'
  | 'muted'
  | 'gone'
  /** Of a device: accepted by the service; its token is void; the service refuses it; it is tried again; too old; replaced by a later one. */
  | 'sent'
  | 'invalid'
  | 'refused'
  | 'retried'
  | 'expired'
  | 'collapsed'
  /** No room for it. */
  | 'dropped'

/** A notice in the outbox, as its worker holds it. */
export interface HeldNotice {
  readonly id: string
  readonly entry: NoticeEntry
  /** Id of the message; 0 where there is none. */
  readonly message: number
  /** Inbox numbers by client; undefined where they are not known. */
  readonly numbers: ReadonlyMap<string, number> | undefined
  /** The channel that failed, of a notice that waits for its next attempt in this life of the worker. */
  readonly failed?: PushChannel
  /** When its message was sent, as far as the date in the entry tells; undefined while nobody has looked. */
  readonly since?: Monotonic
}

export interface NoticesWorld extends Omit<ScheduleWorld<unknown>, 'onDue'>, JudgeWorld {
  readonly store: Store
  readonly writer: OutboxWriter
  readonly newId: () => string
  readonly perform: (id: string, task: Task) => void
  readonly count: (channel: PushChannel | 'none', outcome: PushOutcome) => void
  /** From 0 to 1. */
  readonly chance: () => number
  readonly onFault: (fault: unknown) => void
  /** Lets requests go first. */
  readonly pause: () => Promise<void>
  /** The wall clock. */
  readonly now: () => number
}

interface Push extends QueuedPush {
  task: PushTask
  readonly of: Open
}

/** A notice whose notifications are on their way. */
interface Open extends HeldNotice {
  readonly since: Monotonic
  /** Notifications that have not ended; one more while the notice is judged. */
  pending: number
  /** The entry itself is kept, for the next attempt. */
  isKept: boolean
}

const phonesLimit = 100_000
const queueLimit = 10_000
/** Notifications of one channel that wait for another attempt. */
const retryLimit = 10_000
const window = 32
const phonesBetweenPauses = 50

/**
 * Notices on their way: each waits for its grace (or, after a failure, for its next attempt), is then judged phone by phone as things stand,
 * becomes notifications in the queue of a channel, and ends when all of these have ended. What could not be sent is written back for each
 * device alone, before the notice is removed.
 */
export class Notices {
  readonly #world: NoticesWorld
  readonly #schedule: Schedule<HeldNotice & { readonly since: Monotonic }>
  readonly #queues: Readonly<Record<PushChannel, PushQueue<Push>>>
  /** Since when each notice that is held has waited. */
  readonly #known = new Map<string, Monotonic>()
  /** Devices of an earlier life of the worker get a new grace to come back. */
  readonly #startedAt: Monotonic
  readonly #retrying = new Map<PushChannel, number>()
  /** Phones of the notices that wait for their grace. */
  #phones = 0
  #judging: Promise<void> = Promise.resolve()

  constructor(world: NoticesWorld) {
    this.#world = world
    this.#startedAt = world.elapsed()
    this.#schedule = newSchedule<HeldNotice & { readonly since: Monotonic }>({
      ...world,
      onDue: (held) => {
        this.#judge(held)
      },
    })
    const queue = (): PushQueue<Push> =>
      newPushQueue({
        window,
        limit: queueLimit,
        perform: (push, hasWaited) => {
          if (hasWaited) this.#performLate(push).catch(world.onFault)
          else world.perform(push.id, push.task)
        },
      })
    this.#queues = { fcm: queue(), apns: queue(), webpush: queue(), webhook: queue() }
  }

  /** False while so much is held that new notices are not taken on; such a one counts as dropped. */
  hasRoom(): boolean {
    if (!this.isFull) return true
    this.#world.count('none', 'dropped')
    return false
  }

  get isFull(): boolean {
    return this.#phones >= phonesLimit
  }

  hold(held: HeldNotice): void {
    const { now, elapsed, rules } = this.#world
    if (held.failed === undefined) this.#phones += held.entry.phones.length
    else this.#countRetry(held.failed, 1)
    const { attempts, next, created } = held.entry
    const since = held.since ?? afterMs(elapsed(), -Math.max(0, now() - created))
    this.#known.set(held.id, since)
    // The date of the next attempt may have been written before the clock was set back.
    const waitMs = attempts === 0 ? rules.graceMs : Math.min(longestBackoffMs, next - now())
    const earliest = attempts === 0 ? 0 : this.#startedAt + rules.graceMs
    this.#schedule.add(afterMs(elapsed(), Math.max(waitMs, earliest - elapsed())), { ...held, since })
  }

  /** A notification has ended; one that is not known belonged to a worker before this one, and is sent again. */
  ended(taskId: string, end: TaskEnd): void {
    const push = pushChannels.map((channel) => this.#queues[channel].ended(taskId)).find((found) => found !== undefined)
    if (push === undefined) return
    switch (end.kind) {
      case 'later':
        this.#retry(push, end.afterMs)
        break
      case 'invalid-token':
        forgetToken(this.#world.store, push.client as ClientId, push.task.token).catch(this.#world.onFault)
        this.#endPush(push, 'invalid')
        break
      default:
        this.#endPush(push, end.kind === 'done' ? 'sent' : 'refused')
    }
  }

  get held(): number {
    return this.#known.size
  }

  /** How long ago the message of the oldest one was sent, ms; 0 if none is held. */
  get oldestMs(): number {
    const now = this.#world.elapsed()
    let oldest = now
    for (const since of this.#known.values()) if (since < oldest) oldest = since
    return now - oldest
  }

  get inFlight(): number {
    return pushChannels.reduce((sum, channel) => sum + this.#queues[channel].inFlight, 0)
  }

  stop(): void {
    this.#schedule.stop()
  }

  /** One after the other, so that a flood of notices never fills the worker's memory with reads. */
  #judge(held: HeldNotice & { readonly since: Monotonic }): void {
    const opened: Open = { ...held, pending: 1, isKept: false }
    if (held.failed === undefined) this.#phones -= held.entry.phones.length
    else this.#countRetry(held.failed, -1)
    this.#judging = this.#judging.then(() => this.#judgeAll(opened)).catch(this.#world.onFault)
  }

  async #judgeAll(notice: Open): Promise<void> {
    const { elapsed, rules, pause, count } = this.#world
    const isOld = elapsed() - notice.since > rules.lifeMs
    let judged = 0
    for (const phone of notice.entry.phones) {
      const verdict = isOld ? 'expired' : await this.#judgePhone(notice, phone)
      if (typeof verdict === 'string') count('none', verdict)
      else for (const push of verdict) this.#enqueue(push)
      if (++judged % phonesBetweenPauses === 0) await pause()
    }
    this.#finish(notice)
  }

  async #judgePhone(notice: Open, phone: Phone): Promise<readonly Push[] | PushOutcome> {
    try {
      const judgement = await judgePhone(notice, phone, this.#world)
      return judgement.kind === 'notify' ? judgement.tasks.map(({ client, task }) => pushOf(notice, client, task)) : judgement.kind
    } catch (fault) {
      this.#world.onFault(fault)
      return 'gone'
    }
  }

  /** What has waited for its service is judged once more: it tells what is so now, or is not sent. */
  async #performLate(push: Push): Promise<void> {
    const verdict = await this.#judgeAgain(push)
    if (typeof verdict === 'object') {
      push.task = verdict
      this.#world.perform(push.id, verdict)
      return
    }
    this.#queues[push.task.channel].ended(push.id)
    if (verdict === undefined) this.#retry(push, undefined)
    else this.#endPush(push, verdict)
  }

  /** @returns undefined if it cannot be told now */
  async #judgeAgain({ of, client, task }: Push): Promise<PushTask | PushOutcome | undefined> {
    const entry = { ...of.entry, only: client }
    try {
      const judgement = await judgePhone({ ...of, entry }, phoneOf(task.note.to as PhoneId), this.#world)
      if (judgement.kind !== 'notify') return judgement.kind
      return judgement.tasks.find((one) => one.client === client)?.task ?? 'gone'
    } catch (fault) {
      this.#world.onFault(fault)
      return undefined
    }
  }

  #enqueue(push: Push): void {
    push.of.pending++
    const { replaced, isFull } = this.#queues[push.task.channel].add(push)
    if (isFull) this.#endPush(push, 'dropped')
    if (replaced !== undefined) this.#endPush(replaced, 'collapsed')
  }

  #endPush(push: Push, outcome: PushOutcome): void {
    this.#world.count(push.task.channel, outcome)
    this.#finish(push.of)
  }

  /** One thing fewer that the notice waits for; with the last one its entry goes. */
  #finish(notice: Open): void {
    if (--notice.pending > 0 || notice.isKept) return
    this.#known.delete(notice.id)
    this.#world.writer.remove(notice.id, notice.entry.isOfAppend ? [noticedMessages.remove(notice.id)] : [])
  }

  #retry(push: Push, askedMs: number | undefined): void {
    const { now, elapsed, rules, chance, newId, writer } = this.#world
    const { entry, id, since } = push.of
    const attempts = entry.attempts + 1
    const waitMs = backoffMs(attempts, chance(), askedMs)
    const isFull = (this.#retrying.get(push.task.channel) ?? 0) >= retryLimit
    if (isFull || attempts >= maxAttempts || elapsed() + waitMs - since > rules.lifeMs) {
      this.#endPush(push, isFull ? 'dropped' : 'expired')
      return
    }
    const isItself = entry.only === push.client
    push.of.isKept ||= isItself
    const held = retryOf(push, { id: isItself ? id : newId(), attempts, next: now() + waitMs })
    writer.set(held.id, encodeContent(held.entry))
    this.hold(held)
    this.#endPush(push, 'retried')
  }

  #countRetry(channel: PushChannel, change: 1 | -1): void {
    this.#retrying.set(channel, (this.#retrying.get(channel) ?? 0) + change)
  }
}

function pushOf(of: Open, client: string, task: PushTask): Push {
  return { id: `${of.id}/${client}`, client, of, task }
}

/** What is left of a notice for one device, with what its acknowledgement is recognized by. */
function retryOf(
  { of: notice, client, task }: Push,
  { id, attempts, next }: { readonly id: string; readonly attempts: number; readonly next: number },
): HeldNotice {
  const { message, numbers, since } = notice
  const phones = notice.entry.phones.filter((phone) => task.note.to.startsWith(`${phone}_`))
  const known = { ...notice.entry.notice, ...(message === 0 ? {} : { message }) }
  return {
    id,
    message,
    numbers,
    since,
    failed: task.channel,
    entry: { ...notice.entry, notice: known, phones, only: client, attempts, next },
  }
}
