import type { Store } from '../../store/contract.js'
import type { ClientId, Phone } from '../../topics/index.js'
import { devices, sessions } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { isAcknowledged } from './acknowledged.js'
import { backoffMs, maxAttempts } from './backoff.js'
import { encodeContent, type NoticeEntry, noticedMessages } from './entry.js'
import { forgetToken } from './forget-token.js'
import { readNote } from './note.js'
import type { OutboxWriter } from './outbox-writer.js'
import { newPushQueue, type PushQueue, type QueuedPush } from './push-queue.js'
import { readReceiver } from './receiver.js'
import { newSchedule, type ScheduleWorld } from './schedule.js'
import { type PushChannel, pushChannels, type PushRules, type PushTask, type Task, type TaskEnd } from './task.js'

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
}

/**
 * Notices on their way: each waits for its grace (or, after a failure, for its next attempt), is then judged phone by phone as things stand,
 * becomes notifications in the queue of a channel, and ends when all of these have ended. What could not be sent is written back for each
 * device alone, before the notice is removed.
 */
export interface Notices {
  /** False while so much is held that new notices are not taken on; such a one counts as dropped. */
  hasRoom(): boolean
  hold(notice: HeldNotice): void
  /** @returns whether the task was one of these */
  ended(taskId: string, end: TaskEnd): boolean
  readonly held: number
  /** When the message of the oldest one was sent, ms; Infinity if none is held. */
  readonly oldest: number
  readonly inFlight: number
  stop(): void
}

export interface NoticesWorld extends Omit<ScheduleWorld<unknown>, 'onDue'> {
  readonly store: Store
  readonly newReader: () => FactReader
  readonly rules: PushRules
  readonly writer: OutboxWriter
  readonly newId: () => string
  readonly perform: (id: string, task: Task) => void
  readonly count: (channel: PushChannel | 'none', outcome: PushOutcome) => void
  /** From 0 to 1. */
  readonly chance: () => number
  readonly onFault: (fault: unknown) => void
  /** Lets requests go first. */
  readonly pause: () => Promise<void>
  /** When this worker started: devices of an earlier life get a new grace to come back. */
  readonly startedAt: number
}

interface Push extends QueuedPush {
  readonly of: Open
}

/** A notice whose notifications are on their way. */
interface Open extends HeldNotice {
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
/** Unread messages are counted for notices to so few phones. */
const countedPhones = 32
const phonesBetweenPauses = 50

export function newNotices(world: NoticesWorld): Notices {
  const { rules, writer, now } = world
  const schedule = newSchedule<HeldNotice>({ ...world, onDue: judge })
  const retrying = new Map<PushChannel, number>()
  /** When each notice that is held was made. */
  const known = new Map<string, number>()
  let phones = 0
  let judging: Promise<void> = Promise.resolve()
  const queues = Object.fromEntries(
    pushChannels.map((channel) => [
      channel,
      newPushQueue<Push>({
        window,
        limit: queueLimit,
        perform: ({ id, task }) => {
          world.perform(id, task)
        },
      }),
    ]),
  ) as unknown as Readonly<Record<PushChannel, PushQueue<Push>>>

  function countRetry(channel: PushChannel, change: 1 | -1): void {
    retrying.set(channel, (retrying.get(channel) ?? 0) + change)
  }

  /** One after the other, so that a flood of notices never fills the worker's memory with reads. */
  function judge(held: HeldNotice): void {
    const opened: Open = { ...held, pending: 1, isKept: false }
    if (held.failed === undefined) phones -= held.entry.phones.length
    else countRetry(held.failed, -1)
    judging = judging.then(() => judgeAll(opened)).catch(world.onFault)
  }

  async function judgeAll(notice: Open): Promise<void> {
    let judged = 0
    const isOld = now() - notice.entry.created > rules.lifeMs
    for (const phone of notice.entry.phones) {
      const verdict = isOld ? 'expired' : await judgePhone(notice, phone).catch(forgetFault)
      if (typeof verdict === 'string') world.count('none', verdict)
      else verdict.forEach(enqueue)
      if (++judged % phonesBetweenPauses === 0) await world.pause()
    }
    finish(notice)
  }

  function forgetFault(fault: unknown): PushOutcome {
    world.onFault(fault)
    return 'gone'
  }

  async function judgePhone(notice: Open, phone: Phone): Promise<readonly Push[] | PushOutcome> {
    const facts = world.newReader()
    const owned = await facts.peek(devices, phone)
    const reachable = (owned?.pushes ?? []).filter((client) => notice.entry.only === null || client === notice.entry.only)
    if (owned === undefined || reachable.length === 0) return 'gone'
    const entryMessage = notice.entry.isOfAppend ? notice.message : 0
    if (await isAcknowledged(world.store, owned.clients, { numbers: notice.numbers, entryMessage })) return 'acknowledged'
    const receiver = await readReceiver(facts, phone, notice.entry.notice, notice.message)
    if (receiver.kind !== 'wants') return receiver.kind
    const counts = notice.entry.phones.length <= countedPhones
    const note = await readNote(facts, {
      notice: notice.entry.notice,
      to: receiver.phoneId,
      messageId: notice.message,
      message: receiver.message,
      showsText: rules.showsText,
      counts,
    })
    const pushes = await Promise.all(reachable.map((client) => readPush(notice, client, { facts, note })))
    return pushes.flatMap((push) => push ?? [])
  }

  async function readPush(
    of: Open,
    client: ClientId,
    { facts, note }: { readonly facts: FactReader; readonly note: PushTask['note'] },
  ): Promise<Push | undefined> {
    const session = await facts.peek(sessions, client)
    const channel = rules.channels[session?.os ?? 'other']
    if (typeof session?.push !== 'string' || channel === null) return undefined
    const lifeSeconds = Math.max(1, Math.round((of.entry.created + rules.lifeMs - now()) / 1_000))
    return { id: `${of.id}/${client}`, client, of, task: { kind: 'push', channel, token: session.push, os: session.os, note, lifeSeconds } }
  }

  function enqueue(push: Push): void {
    const { channel } = push.task
    push.of.pending++
    const { replaced, isFull } = queues[channel].add(push)
    if (isFull) endPush(push, 'dropped')
    if (replaced !== undefined) endPush(replaced, 'collapsed')
  }

  function endPush(push: Push, outcome: PushOutcome): void {
    world.count(push.task.channel, outcome)
    finish(push.of)
  }

  /** One thing fewer that the notice waits for; with the last one its entry goes. */
  function finish(notice: Open): void {
    if (--notice.pending > 0) return
    if (notice.isKept) return
    known.delete(notice.id)
    writer.remove(notice.id, notice.entry.isOfAppend ? [noticedMessages.remove(notice.id)] : [])
  }

  function retry(push: Push, afterMs: number | undefined): void {
    const { of: notice, client } = push
    const attempts = notice.entry.attempts + 1
    const next = now() + backoffMs(attempts, world.chance(), afterMs)
    if (attempts >= maxAttempts || next - notice.entry.created > rules.lifeMs) {
      endPush(push, 'expired')
      return
    }
    if ((retrying.get(push.task.channel) ?? 0) >= retryLimit) {
      endPush(push, 'dropped')
      return
    }
    notice.isKept ||= notice.entry.only === client
    const id = notice.entry.only === client ? notice.id : world.newId()
    const held = retryOf(notice, push, { id, attempts, next })
    writer.set(id, encodeContent(held.entry))
    hold(held)
    endPush(push, 'retried')
  }

  function hold(held: HeldNotice): void {
    if (held.failed === undefined) phones += held.entry.phones.length
    else countRetry(held.failed, 1)
    const { attempts, next, created } = held.entry
    known.set(held.id, created)
    schedule.add(attempts === 0 ? now() + rules.graceMs : Math.max(next, world.startedAt + rules.graceMs), held)
  }

  return {
    hasRoom() {
      if (phones < phonesLimit) return true
      world.count('none', 'dropped')
      return false
    },
    hold,
    ended(taskId, end) {
      const push = pushChannels.map((channel) => queues[channel].ended(taskId)).find((found) => found !== undefined)
      if (push === undefined) return false
      switch (end.kind) {
        case 'later':
          retry(push, end.afterMs)
          break
        case 'invalid-token':
          forgetToken(world.store, push.client as ClientId, push.task.token).catch(world.onFault)
          endPush(push, 'invalid')
          break
        default:
          endPush(push, end.kind === 'done' ? 'sent' : 'refused')
      }
      return true
    },
    get held() {
      return known.size
    },
    get oldest() {
      let oldest = Infinity
      for (const created of known.values()) oldest = Math.min(oldest, created)
      return oldest
    },
    get inFlight() {
      return pushChannels.reduce((sum, channel) => sum + queues[channel].inFlight, 0)
    },
    stop: schedule.stop,
  }
}

/** What is left of a notice for one device, with what its acknowledgement is recognized by. */
function retryOf(
  notice: Open,
  { client, task }: Push,
  { id, attempts, next }: { readonly id: string; readonly attempts: number; readonly next: number },
): HeldNotice {
  const phone = notice.entry.phones.find((one) => task.note.to.startsWith(`${one}_`))
  const entry: NoticeEntry = {
    ...notice.entry,
    notice: { ...notice.entry.notice, ...(notice.message === 0 ? {} : { message: notice.message }) },
    phones: phone === undefined ? [] : [phone],
    only: client,
    attempts,
    next,
  }
  return { id, entry, message: notice.message, numbers: notice.numbers, failed: task.channel }
}
