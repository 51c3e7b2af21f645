import type { Monotonic } from '../../../clock/index.js'
import type { StoreReader } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { devices, pushHolders, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { hashToken } from '../../tokens.js'
import { isAcknowledged } from './acknowledged.js'
import type { NoticeEntry } from './entry.js'
import { readNote } from './note.js'
import { readReceiver } from './receiver.js'
import type { PushNote, PushRules, PushTask } from './task.js'

/** Whether a phone is notified, and if not, why not: see `PushOutcome`. */
export type Judgement =
  | { readonly kind: 'notify'; readonly tasks: readonly { readonly client: ClientId; readonly task: PushTask }[] }
  | { readonly kind: 'acknowledged' | 'muted' | 'gone' }

export interface JudgeWorld {
  readonly store: StoreReader
  readonly newReader: () => FactReader
  readonly rules: PushRules
  readonly elapsed: () => Monotonic
}

/** A notice whose grace is over. */
export interface JudgedNotice {
  readonly entry: NoticeEntry
  /** When its message was sent. */
  readonly since: Monotonic
  readonly message: number
  readonly numbers: ReadonlyMap<string, number> | undefined
}

/** Unread messages are counted for notices to so few phones. */
const countedPhones = 32

/** Decides on one phone of a notice, as things stand now. */
export async function judgePhone(notice: JudgedNotice, phone: Phone, world: JudgeWorld): Promise<Judgement> {
  const { entry, since, message: messageId, numbers } = notice
  const facts = world.newReader()
  const known = await facts.peek(devices, phone)
  const reachable = (known?.pushes ?? []).filter((client) => entry.only === null || client === entry.only)
  if (known === undefined || reachable.length === 0) return { kind: 'gone' }
  const entryMessage = entry.isOfAppend ? messageId : 0
  if (await isAcknowledged(world.store, known.clients, { numbers, entryMessage })) return { kind: 'acknowledged' }
  const receiver = await readReceiver(facts, phone, entry.notice, messageId)
  if (receiver.kind !== 'wants') return receiver
  const { phoneId: to, message } = receiver
  const counts = entry.phones.length <= countedPhones
  const note = await readNote(facts, { notice: entry.notice, to, messageId, message, showsText: world.rules.showsText, counts })
  const tasks = await Promise.all(reachable.map((client) => readTask(client, { entry, since, note, facts, world })))
  return { kind: 'notify', tasks: tasks.flatMap((task) => task ?? []) }
}

interface TaskParts {
  readonly entry: NoticeEntry
  readonly since: Monotonic
  readonly note: PushNote
  readonly facts: FactReader
  readonly world: JudgeWorld
}

async function readTask(client: ClientId, { since, note, facts, world: { rules, elapsed } }: TaskParts) {
  const session = await facts.peek(sessions, client)
  const channel = rules.channels[session?.os ?? 'other']
  if (typeof session?.push !== 'string' || channel === null) return undefined
  // Sessions stored before tokens had holders may still name one that another session has reported since.
  const holder = await facts.peek(pushHolders, hashToken(session.push))
  if (holder !== undefined && holder.client !== client) return undefined
  const lifeSeconds = Math.max(1, Math.round((rules.lifeMs - (elapsed() - since)) / 1_000))
  const task: PushTask = { kind: 'push', channel, token: session.push, os: session.os, note, lifeSeconds }
  return { client, task }
}
