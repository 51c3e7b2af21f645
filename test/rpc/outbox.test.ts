/** The parts of the outbox by themselves: when attempts are made, what waits where, and what is written. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { monotonicMs } from '../../clock/index.js'
import { ok, record } from '../../protocol/index.js'
import {
  clearances,
  devices,
  feedLevel,
  members,
  type MessageDocument,
  messages,
  profiles,
  roomClearances,
  sessions,
} from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { isAcknowledged } from '../../rpc/runtime/outbox/acknowledged.js'
import { backoffMs } from '../../rpc/runtime/outbox/backoff.js'
import { decodeContent, encodeContent, noticedMessages, noticeRows, outboxId, ownerOf, timeOf } from '../../rpc/runtime/outbox/entry.js'
import type { Notice } from '../../rpc/runtime/outbox/notice.js'
import { Notices } from '../../rpc/runtime/outbox/notices.js'
import { Outbox, type OutboxWorld } from '../../rpc/runtime/outbox/outbox.js'
import { newOutboxWriter } from '../../rpc/runtime/outbox/outbox-writer.js'
import { newPushQueue, type QueuedPush } from '../../rpc/runtime/outbox/push-queue.js'
import { newSchedule } from '../../rpc/runtime/outbox/schedule.js'
import { readReceiver } from '../../rpc/runtime/outbox/receiver.js'
import type { PushRules, PushTask, Task } from '../../rpc/runtime/outbox/task.js'
import { accept, push } from '../../rpc/outcome.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { addOutcome } from '../../rpc/runtime/worker/add-outcome.js'
import { type Draft, emptyDraft } from '../../rpc/runtime/worker/draft.js'
import type { Commit, Put, Store } from '../../store/contract.js'
import { openLmdbStore } from '../../store/lmdb/open-lmdb-store.js'
import { parseRoomId, type Phone, phoneOf as topicsPhoneOf, type PhoneId, type RoomId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { reading } from '../clock/readings.js'
import { phoneOf } from './account-world.js'

const greeting: MessageDocument = {
  ...{ feed: 'p2p/1_1/2_2', msgId: null, from: '380670000001_1' as PhoneId, to: '2_2', created: 1, files: [], type: [], link: null },
  ...{ seenby: [], repliedby: [], mentioned: [], status: 'internal', isEdited: false, hiddenFrom: [] },
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

let path: string
let store: Store
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'outbox-'))
  store = await openLmdbStore({ path })
})
afterAll(async () => {
  await store.close()
  await rm(path, { recursive: true })
})

describe('attempts', () => {
  test('come after doubled times, half to whole, of at most a quarter of an hour', () => {
    expect([1, 2, 3, 4, 10, 11, 14].map((attempts) => backoffMs(attempts, 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 512_000, 900_000, 900_000,
    ])
    expect(backoffMs(3, 0)).toBe(2_000)
  })

  test('are never made earlier than the service has asked, nor kept waiting for ever by it', () => {
    expect(backoffMs(1, 0.5, 60_000)).toBe(60_000)
    expect(backoffMs(5, 1, 60)).toBe(16_000)
    expect(backoffMs(1, 0, Number.MAX_SAFE_INTEGER)).toBe(900_000)
  })
})

test('a schedule lets everything fall due in order, whatever comes when, with one timer', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { maxLength: 60 }), fc.array(fc.nat(100_000), { maxLength: 20 }), (dues, laters) => {
      let now = 0
      let timer: { readonly at: number; readonly run: () => void } | undefined
      const fallen: number[] = []
      const schedule = newSchedule<number>({
        elapsed: () => reading(now),
        later(ms, run) {
          const set = { at: now + ms, run }
          timer = set
          return () => {
            if (timer === set) timer = undefined
          }
        },
        onDue: (due) => fallen.push(due),
      })
      for (const due of dues) schedule.add(reading(due), due)
      const added = [...dues]
      for (let steps = 0; timer !== undefined && steps < 10_000; steps++) {
        const { at, run } = timer
        timer = undefined
        now = Math.max(now, at)
        run()
        const [late] = laters.splice(0, 1)
        if (late === undefined) continue
        schedule.add(reading(now + late), now + late)
        added.push(now + late)
      }
      expect(schedule.size).toBe(0)
      expect(fallen).toEqual([...added].sort((a, b) => a - b))
    }),
  )
})

describe('the queue of a channel', () => {
  const aPush = (client: string, collapse: string, message = 1): QueuedPush => {
    const note = { kind: 'message', feed: 'f', from: 'a_1', to: 'b_2', message, unread: null, name: null, text: null, collapse } as const
    return {
      id: `${client} ${String(message)}`,
      client,
      task: { kind: 'push', channel: 'fcm', token: client, os: null, note, lifeSeconds: 1 },
    }
  }

  test('hands over a window; what waits for the same device and feed is replaced by what is newer, in its place', () => {
    const performed: string[] = []
    const queue = newPushQueue({ window: 1, limit: 10, perform: ({ id }: QueuedPush) => performed.push(id) })
    expect(queue.add(aPush('a', 'x', 1))).toEqual({ isFull: false })
    expect(queue.add(aPush('a', 'x', 2))).toEqual({ isFull: false })
    expect(queue.add(aPush('b', 'x', 3))).toEqual({ isFull: false })
    expect(queue.add(aPush('a', 'x', 4)).replaced?.id).toBe('a 2')
    expect(queue.add(aPush('a', 'y', 5))).toEqual({ isFull: false })
    expect(performed).toEqual(['a 1'])
    for (const id of ['a 1', 'a 4', 'b 3', 'a 5']) expect(queue.ended(id)?.id).toBe(id)
    expect(performed).toEqual(['a 1', 'a 4', 'b 3', 'a 5'])
    expect(queue.ended('a 1')).toBeUndefined()
    expect(queue.inFlight).toBe(0)
  })

  test('takes on no more than its limit', () => {
    const queue = newPushQueue({ window: 0, limit: 2, perform: () => undefined })
    expect(['a', 'b', 'c'].map((client) => queue.add(aPush(client, 'x')).isFull)).toEqual([false, false, true])
    expect(queue.add(aPush('b', 'x', 2))).toMatchObject({ isFull: false, replaced: { id: 'b 1' } })
  })
})

describe('what is written of the outbox', () => {
  test('is gathered, the last word on an entry standing, and written again where the store could not', async () => {
    const commits: Commit[] = []
    let faults = 0
    const writer = newOutboxWriter({
      commit: (commit) => (commits.push(commit) === 1 ? Promise.reject(new Error('full')) : Promise.resolve()),
      delayMs: 60_000,
      onFault: () => faults++,
    })
    writer.set('kept', bytes('1'))
    writer.remove('gone')
    writer.set('kept', bytes('2'))
    writer.set('gone later', bytes('3'))
    await writer.flush()
    expect(faults).toBe(1)
    writer.remove('gone later')
    await writer.flush()
    expect(commits[1]).toEqual({ outbox: [{ id: 'kept', job: bytes('2') }], outboxDone: ['gone', 'gone later'], puts: [] })
    await writer.flush()
    expect(commits).toHaveLength(2)
  })

  test('names when it was made and whose it is; what belongs to nobody any more is the first node’s', () => {
    const boot = '2f0c6f0a-9a53-4c1b-8d4e-1f8f0a7c3b21'
    const id = outboxId(1_700_000_000_123, 'ab', { boot, node: 3 })
    expect(timeOf(id)).toBe(1_700_000_000_123)
    expect([4, 3, 2].map((nodes) => ownerOf(id, nodes))).toEqual([3, 3, 1].map((node) => ({ boot, node })))
    expect(['1700000000123abcdef', '', '1700000000123abcdef.2'].map((old) => ownerOf(old, 8))).toEqual([
      { boot: '', node: 1 },
      { boot: '', node: 1 },
      { boot: '', node: 2 },
    ])
  })

  test('is read as it was written; an SMS of an earlier version, too; what nobody has written is nothing', () => {
    const job = { kind: 'sms', phone: phoneOf('380670001234'), text: 't', code: '1' } as const
    const asked = { boot: 'b', connection: 7, done: ok('sms_sent'), failed: ok('no') }
    expect(decodeContent(encodeContent({ kind: 'job', job, asked }))).toEqual({ kind: 'job', job, asked })
    expect(decodeContent(bytes(JSON.stringify(job)))).toEqual({ kind: 'job', job, asked: null })
    expect(decodeContent(bytes('{"kind":"telegram"}'))).toBeUndefined()
  })
})

describe('an acknowledgement', () => {
  const client = clientIdOf('emqttd_ack')
  const delivery = (append?: number) => ({
    ...{ client, topic: 't', qos: 1 as const, body: new Uint8Array([1]) },
    ...(append === undefined ? {} : { message: { append } }),
  })
  const append = { feed: 'p2p/1_1/2_2', message: new Uint8Array([1]), isCountable: true }

  test('is known by the number in the inbox, and after a restart by the message, however many entries there are', async () => {
    const first = await store.commit({ appends: [append], deliveries: [delivery(0)] })
    await store.commit({ deliveries: Array.from({ length: 450 }, () => delivery()) })
    const last = await store.commit({ appends: [append], deliveries: [delivery(0)] })
    if (first.kind !== 'committed' || last.kind !== 'committed') throw new Error('a conflict')
    const [firstId, lastId] = [first.appended[0]!.id, last.appended[0]!.id]
    const [firstNumber, lastNumber] = [first.delivered[0]!, last.delivered[0]!]
    const ask = async () => ({
      first: await isAcknowledged(store, [client], { numbers: new Map([[client, firstNumber]]), entryMessage: firstId }),
      last: await isAcknowledged(store, [client], { numbers: new Map([[client, lastNumber]]), entryMessage: lastId }),
      firstAfterRestart: await isAcknowledged(store, [client], { numbers: undefined, entryMessage: firstId }),
      lastAfterRestart: await isAcknowledged(store, [client], { numbers: undefined, entryMessage: lastId }),
      anyAfterRestart: await isAcknowledged(store, [client], { numbers: undefined, entryMessage: 0 }),
    })
    const none = { first: false, last: false, firstAfterRestart: false, lastAfterRestart: false, anyAfterRestart: false }
    expect(await ask()).toEqual(none)
    await store.commit({ settlements: [{ client, settledTo: 0, releasedTo: firstNumber }] })
    expect(await ask()).toEqual({ ...none, first: true, firstAfterRestart: true })
    await store.commit({ settlements: [{ client, settledTo: lastNumber, releasedTo: 0 }] })
    expect(await ask()).toEqual({ first: true, last: true, firstAfterRestart: true, lastAfterRestart: true, anyAfterRestart: true })
  })

  test('is nobody’s who has no inbox or never got it', async () => {
    const other = clientIdOf('emqttd_other')
    expect(await isAcknowledged(store, [other], { numbers: new Map([[other, 1]]), entryMessage: 0 })).toBe(false)
    expect(await isAcknowledged(store, [client], { numbers: new Map(), entryMessage: 0 })).toBe(false)
  })
})

describe('a send that carries a notice', () => {
  const [author, plain, reachable] = [phoneOf('380670000001'), phoneOf('380670000002'), phoneOf('380670000003')]
  const clientOf = (phone: string) => clientIdOf(`emqttd_${phone}`)
  const notice: Notice = { kind: 'message', from: `${author}_1` as PhoneId, feed: 'p2p/1_1/2_2' }

  async function draftFor(phones: readonly Phone[], takesNotices = true): Promise<Draft> {
    const known = [author, plain, reachable].map((phone) => {
      const clients = [clientOf(phone)]
      return devices.put(phone === plain ? { clients } : { clients, pushes: clients }, phone)
    })
    await store.commit({ puts: known })
    const overlay = emptyOverlay()
    const { reader } = newFactReader({ store, overlay, cache: newReadCache(100), boot: 'b' })
    const draft = emptyDraft()
    const asker = { connection: 1, clientId: clientOf(author), actionsTopic: 'actions', hasInbox: true, qos: 1 } as const
    const world = {
      reader,
      overlay,
      newId: () => outboxId(1_700_000_000_000, 'ab', { boot: 'b', node: 1 }),
      actionsTopicOf: () => '',
      takesNotices: () => takesNotices,
    }
    await addOutcome(draft, accept({ sends: [push('topic', phones, record('Typing', {}), notice)] }), asker, world)
    return draft
  }

  const written = ({ outbox, numbers, after }: Draft) => ({
    outbox: outbox.length,
    numbers: numbers.length,
    notices: after.flatMap((step) => (step.kind === 'notice' ? [step.phones] : [])),
  })
  const nothing = { outbox: 0, numbers: 0, notices: [] }

  test('writes one entry for all who have a push token, and nothing for those who have none or for its author', async () => {
    expect(written(await draftFor([author, plain]))).toEqual(nothing)
    expect(written(await draftFor([author, plain, reachable]))).toEqual({ outbox: 1, numbers: 0, notices: [[reachable]] })
    expect((await draftFor([author, plain, reachable])).deliveries).toHaveLength(3)
  })

  test('writes nothing where notices are not taken on', async () => {
    expect(written(await draftFor([author, plain, reachable], false))).toEqual(nothing)
  })
})

describe('a notice that is held', () => {
  const made = 1_700_000_000_000
  const hour = 3_600_000
  const rules = { graceMs: 10_000, lifeMs: 2 * hour, showsText: false, channels: { android: null, ios: null, web: null, other: null } }

  /** Lets time pass by the monotonic clock; the wall clock has been set to be `offMs` off. @returns what has become of notices, and when */
  function hold(entry: { readonly attempts: number; readonly next: number }) {
    let elapsed = 0
    let offMs = 0
    let due: { readonly at: number; readonly run: () => void } | undefined
    const counted: unknown[] = []
    const writer = newOutboxWriter({ commit: () => Promise.resolve(), delayMs: 0, onFault: () => undefined })
    const notices = new Notices({
      ...{ store, writer, rules, chance: () => 1, newId: () => 'new', perform: () => undefined, pause: () => Promise.resolve() },
      now: () => made + elapsed + offMs,
      elapsed: () => reading(elapsed),
      later(ms, run) {
        const set = { at: elapsed + ms, run }
        due = set
        return () => {
          if (due === set) due = undefined
        }
      },
      newReader: () => newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'b' }).reader,
      count: (_, outcome) => counted.push([elapsed, outcome]),
      onFault(fault) {
        throw fault
      },
    })
    const notice: Notice = { kind: 'message', from: '380670000001_1' as PhoneId, feed: 'p2p/1_1/2_2' }
    const parts = { kind: 'notice', notice, phones: [phoneOf('380670009999')], isOfAppend: false, only: null, created: made } as const
    return {
      begin: (setBy: number) => {
        offMs = setBy
        notices.hold({ id: 'held', message: 0, numbers: undefined, entry: { ...parts, ...entry } })
      },
      async pass(ms: number, setBy: number) {
        const end = elapsed + ms
        offMs = setBy
        while (due !== undefined && due.at <= end) {
          const { at, run } = due
          due = undefined
          elapsed = at
          run()
          await new Promise((resolve) => setTimeout(resolve))
        }
        elapsed = end
        return [...counted]
      },
      age: () => notices.oldestMs,
    }
  }

  for (const { set, offMs } of [
    { set: 'back', offMs: -hour },
    { set: 'forward', offMs: 5 * hour },
  ])
    test(`is judged at the end of its grace and is as old as it is, though the clock is set ${set} meanwhile`, async () => {
      const held = hold({ attempts: 0, next: 0 })
      held.begin(0)
      await held.pass(4_000, offMs)
      expect(held.age()).toBe(4_000)
      // Nobody has such a number: it has been judged, and not found too old.
      expect(await held.pass(6_000, offMs)).toEqual([[10_000, 'gone']])
    })

  test('from before the clock was set back waits for its next attempt no longer than any does', async () => {
    const held = hold({ attempts: 3, next: made + 4_000 })
    held.begin(-hour)
    expect(await held.pass(hour, -hour)).toEqual([[15 * 60_000, 'gone']])
  })
})

describe('a notification', () => {
  const club = parseRoomId('club') as RoomId
  const author = '380670000001_1' as PhoneId
  /** One more than are handed to a service at a time. */
  const members33 = Array.from({ length: 33 }, (_, i) => `3806701${String(i).padStart(5, '0')}_1` as PhoneId)
  const settings = { isSilent: false, avatar: null, names: null, surnames: null, alias: null, email: null, voxId: null, settings: [] }
  const rules: PushRules = {
    ...{ graceMs: 0, lifeMs: 3_600_000, showsText: true },
    channels: { ios: 'webhook', android: 'webhook', web: 'webhook', other: 'webhook' },
  }
  const saying = (payload: string): MessageDocument => ({
    ...greeting,
    ...{ feed: 'room/club', from: author, to: club, status: 'sent', files: [record('Desc', { id: 'd', mime: 'text', payload })] },
  })
  const put = (...puts: readonly Put[]) => store.commit({ puts })

  function memberPuts(member: PhoneId, i: number): readonly Put[] {
    const phone = topicsPhoneOf(member)
    const client = clientIdOf(`emqttd_${phone}`)
    return [
      profiles.put({ services: [], settings: [], rosters: [1], update: 0, balance: 0, created: 0 }, phone),
      devices.put({ clients: [client], pushes: [client] }, phone),
      members.put({ id: i + 1, role: 'member', isMuted: false, ...settings, joined: 0, update: 0 }, club, member),
      sessions.put(
        {
          ...{ phone, userId: member, devKey: null, token: { hash: 'h', issued: 0 }, renewal: null, created: 0, lastOnline: 0 },
          ...{ push: `token of ${member}`, os: 'ios', settings: [], dialect: 'v1', codec: 'bert' },
        },
        client,
      ),
    ]
  }

  /** An outbox that has handed over what its service takes at a time, of a message to 33 people; `told` are those handed over. */
  async function opened(): Promise<{ outbox: Outbox; told: readonly PushTask[]; ids: readonly string[]; ends: string[]; message: number }> {
    await put(...members33.flatMap(memberPuts))
    const result = await store.commit({ appends: [{ feed: 'room/club', message: messages.encode(saying('first')), isCountable: true }] })
    if (result.kind !== 'committed') throw new Error('a conflict')
    const message = result.appended[0]!.id
    const [told, ids, ends]: [PushTask[], string[], string[]] = [[], [], []]
    const outbox = new Outbox({
      ...{ store, node: 1, nodes: 1, boot: 'this', isAlone: true, rules, codeLifeMs: 600_000, now: () => 1_700_000_000_000 },
      elapsed: monotonicMs,
      newReader: () => newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'this' }).reader,
      perform(id, task) {
        if (task.kind !== 'push') throw new Error(task.kind)
        ids.push(id)
        told.push(task)
      },
      answer: () => undefined,
      count: (_channel, outcome) => ends.push(outcome),
      countRequest: () => undefined,
      onFault(fault) {
        throw fault
      },
    })
    const notice: Notice = { kind: 'message', from: author, feed: 'room/club' }
    const phones = members33.map((member) => topicsPhoneOf(member))
    outbox.startNotice({ id: outbox.newId(), notice, phones, isOfAppend: false, message, numbers: new Map() })
    return { outbox, told, ids, ends, message }
  }

  test('that has waited for its service tells what the message says by then', async () => {
    const { outbox, told, ids, message } = await opened()
    await waitFor(() => told.length === 32)
    await put(messages.put(saying('second'), ...messages.of(message)))
    outbox.ended(ids[0]!, { kind: 'done' })
    await waitFor(() => told.length === 33)
    expect(told.map(({ note }) => note.text)).toEqual([...Array.from({ length: 32 }, () => 'first'), 'second'])
    for (const id of ids) outbox.ended(id, { kind: 'done' })
    await outbox.stop()
  })

  for (const { change, puts } of [
    { change: 'erased', puts: (id: number) => [messages.put({ ...saying(''), files: [], status: 'deleted' }, ...messages.of(id))] },
    { change: 'cleared with its room', puts: (id: number) => [roomClearances.put(id, club)] },
    { change: 'kept from those who have been removed', puts: () => members33.map((member) => members.remove(club, member)) },
  ]) {
    test(`that has waited for its service is not sent if the message has been ${change}`, async () => {
      const { outbox, told, ids, ends, message } = await opened()
      await waitFor(() => told.length === 32)
      await put(...puts(message))
      outbox.ended(ids[0]!, { kind: 'done' })
      await waitFor(() => ends.includes('gone'))
      expect([told.length, ends]).toEqual([32, ['sent', 'gone']])
      for (const id of ids) outbox.ended(id, { kind: 'done' })
      await outbox.stop()
      await put(roomClearances.remove(club))
    })
  }

  test('of what one has cleared for oneself, or a room for all, before its grace was over is not sent', async () => {
    const feed = 'p2p/380670100000_1/380670100001_1'
    const [from, to] = [members33[0]!, members33[1]!]
    const { reader } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'this' })
    const said = await store.commit({
      appends: [
        { feed, message: messages.encode({ ...saying('x'), feed, from, to }), isCountable: true },
        { feed: 'room/club', message: messages.encode(saying('x')), isCountable: true },
      ],
    })
    if (said.kind !== 'committed') throw new Error('a conflict')
    const [chat, room] = said.appended.map(({ id }) => id)
    await put(...memberPuts(to, 1))
    const ask = async () => [
      (await readReceiver(reader, topicsPhoneOf(to), { kind: 'message', from, feed }, chat!)).kind,
      (await readReceiver(reader, topicsPhoneOf(to), { kind: 'message', from, feed: 'room/club' }, room!)).kind,
    ]
    expect(await ask()).toEqual(['wants', 'wants'])
    await put(clearances.put(chat!, to, feedLevel(feed)), roomClearances.put(room!, club))
    expect(await ask()).toEqual(['gone', 'gone'])
    await put(roomClearances.remove(club))
  })
})

/** Waits until something is so, which other tasks of the event loop bring about. */
async function waitFor(isSo: () => boolean): Promise<void> {
  for (const until = performance.now() + 10_000; !isSo();) {
    if (performance.now() > until) throw new Error(`too late: ${isSo.toString()}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a worker that takes the place of another', () => {
  const job = { kind: 'sms', phone: phoneOf('380670001234'), text: 't', code: '1' } as const
  const now = 1_700_000_000_000

  function openOutbox(parts: Partial<OutboxWorld> = {}) {
    const performed: { readonly id: string; readonly task: Task; readonly connection: number }[] = []
    const answers: unknown[] = []
    const outbox = new Outbox({
      ...{ store, node: 1, nodes: 2, boot: 'this', isAlone: true, rules: null, codeLifeMs: 600_000, now: () => now, elapsed: monotonicMs },
      newReader() {
        throw new Error('nothing is read')
      },
      perform: (id, task, connection) => performed.push({ id, task, connection }),
      countRequest: () => undefined,
      answer: (connection, record) => answers.push([connection, record]),
      count: () => undefined,
      onFault(fault) {
        throw fault
      },
      ...parts,
    })
    return { outbox, performed, answers }
  }

  const left = (at: number, node: number, boot: string) => {
    const asked = { boot, connection: 7, done: ok('sms_sent'), failed: ok('failed') }
    return { id: outboxId(at, `${boot}${String(node)}`, { boot, node }), job: encodeContent({ kind: 'job', job, asked }) }
  }

  test('performs what is left of its own, answers who still waits, and forgets codes that are too old', async () => {
    const [waiting, ofDead, old, others] = [
      left(now - 1_000, 1, 'this'),
      left(now - 2_000, 1, 'before'),
      left(now - 700_000, 1, 'before'),
      left(now - 1_000, 2, 'this'),
    ]
    await store.commit({ outbox: [waiting, ofDead, old, others] })
    const { outbox, performed, answers } = openOutbox()
    await outbox.takeUp()
    expect(performed).toEqual([
      { id: ofDead.id, task: job, connection: 0 },
      { id: waiting.id, task: job, connection: 7 },
    ])
    outbox.ended(waiting.id, { kind: 'done' })
    outbox.ended(ofDead.id, { kind: 'done' })
    expect(answers).toEqual([[7, ok('sms_sent')]])
    await outbox.stop()
    expect((await store.outboxPage(10)).map(({ id }) => id)).toEqual([others.id])
    await store.commit({ outboxDone: [others.id] })
  })

  test('does not begin again what its predecessor’s provider ends while it looks', async () => {
    const entry = left(now - 1_000, 1, 'this')
    await store.commit({ outbox: [entry] })
    const { outbox, performed } = openOutbox()
    const taking = outbox.takeUp()
    outbox.ended(entry.id, { kind: 'done' })
    await taking
    expect(performed).toEqual([])
    await outbox.stop()
    expect(await store.outboxPage(10)).toEqual([])
  })

  test('takes up all that is left and nothing of its own, whatever the clock was set to when it was made', async () => {
    const [dayMs, earlier] = [86_400_000, left(now + 86_400_000, 1, 'this')]
    await store.commit({ outbox: [earlier] })
    let clock = now
    const { outbox, performed } = openOutbox({ now: () => clock })
    clock = now - dayMs
    const own = outbox.newId()
    await store.commit({ outbox: [{ id: own, job: earlier.job }] })
    outbox.startJob({ id: own, job, boot: 'this', connection: 8, done: ok('sms_sent'), failed: ok('failed') })
    await outbox.takeUp()
    expect(performed.map(({ id, connection }) => [id, connection])).toEqual([
      [own, 8],
      [earlier.id, 7],
    ])
    for (const { id } of performed) outbox.ended(id, { kind: 'done' })
    await outbox.stop()
  })

  test('in a cluster, leaves alone what belongs to other processes, dead or not', async () => {
    const [own, others] = [left(now - 1_000, 1, 'this'), left(now - 1_000, 1, 'before')]
    await store.commit({ outbox: [own, others] })
    const { outbox, performed } = openOutbox({ isAlone: false })
    await outbox.takeUp()
    expect(performed.map(({ id }) => id)).toEqual([own.id])
    await store.commit({ outboxDone: [own.id, others.id] })
  })

  describe('and adopts what a dead process has left', () => {
    const key = 'cluster/all/dead'
    const heirOf = (name: string) => ({ key, was: bytes(name) })
    beforeEach(async () => {
      const all = await store.outboxPage(1_000)
      await store.commit({ puts: [{ key, value: bytes('heir this') }], outboxDone: all.map(({ id }) => id) })
    })
    const idsLeft = async () => (await store.outboxPage(1_000)).map(({ id }) => id)

    test('performs it under its own name; not what lives, nor codes that are too old', async () => {
      const [young, second, old, living] = [
        left(now - 1_000, 1, 'dead'),
        left(now - 900, 7, 'dead'),
        left(now - 700_000, 1, 'dead'),
        left(now - 1_000, 1, 'living'),
      ]
      await store.commit({ outbox: [young, second, old, living] })
      const { outbox, performed, answers } = openOutbox({ isAlone: false })
      expect(await outbox.adopt('dead', heirOf('heir this'))).toBe(true)
      const owner = { boot: 'this', node: 1 }
      expect(performed.map(({ id }) => [ownerOf(id, 2), timeOf(id)])).toEqual([
        [owner, now - 1_000],
        [owner, now - 900],
      ])
      for (const { id } of performed) outbox.ended(id, { kind: 'done' })
      await outbox.stop()
      expect([await idsLeft(), answers]).toEqual([[living.id], []])
    })

    test('with the message that a notice speaks of', async () => {
      const id = outboxId(now - 1_000, 'n', { boot: 'dead', node: 1 })
      const notice: Notice = { kind: 'message', from: '380670000001_1' as PhoneId, feed: 'p2p/1_1/2_2' }
      const { entry, numbers } = noticeRows({ id, notice, phones: [phoneOf('380670000002')], append: 0 })
      const append = { feed: notice.feed, message: messages.encode(greeting), isCountable: true }
      const result = await store.commit({ outbox: [entry], numbers, appends: [append] })
      const message = result.kind === 'committed' ? result.appended[0]?.id : undefined
      const { outbox } = openOutbox({ isAlone: false })
      await outbox.adopt('dead', heirOf('heir this')).catch(() => undefined)
      const [adopted] = await store.outboxPage(10)
      expect(adopted && ownerOf(adopted.id, 2)).toEqual({ boot: 'this', node: 1 })
      expect(adopted && decodeContent(adopted.job)).toMatchObject({ kind: 'notice', isOfAppend: false, notice: { ...notice, message } })
      expect(await store.get(noticedMessages.key(id))).toBeUndefined()
      await outbox.stop()
    })

    test('once, though two processes take themselves for the heir', async () => {
      const entries = Array.from({ length: 120 }, (_, i) => left(now - 1_000 + i, 1, 'dead'))
      await store.commit({ outbox: entries })
      const [first, second] = [openOutbox({ isAlone: false }), openOutbox({ isAlone: false, boot: 'second' })]
      const commit = store.commit.bind(store)
      let commits = 0
      // The first is slow: after a page, the other one is the heir.
      const slow: Store = {
        ...store,
        async commit(one) {
          if (commits++ === 1) await commit({ puts: [{ key, value: bytes('heir second') }] })
          return commit(one)
        },
      }
      const slowFirst = openOutbox({ isAlone: false, store: slow })
      expect(await slowFirst.outbox.adopt('dead', heirOf('heir this'))).toBe(false)
      expect(await first.outbox.adopt('dead', heirOf('heir this'))).toBe(false)
      expect(await second.outbox.adopt('dead', heirOf('heir second'))).toBe(true)
      expect([slowFirst.performed.length, first.performed.length, second.performed.length]).toEqual([50, 0, 70])
      expect(new Set((await idsLeft()).map((id) => id.split('.')[0])).size).toBe(120)
    })

    test('and what the heir itself leaves when it dies in between is found by its next worker, or by its own heir', async () => {
      const entries = [left(now - 1_000, 1, 'dead'), left(now - 999, 1, 'dead')]
      await store.commit({ outbox: entries })
      const dying = openOutbox({
        isAlone: false,
        perform() {
          throw new Error('it dies')
        },
      })
      await expect(dying.outbox.adopt('dead', heirOf('heir this'))).rejects.toThrow('it dies')
      const next = openOutbox({ isAlone: false })
      await next.outbox.takeUp()
      expect(next.performed).toHaveLength(2)
      await store.commit({ puts: [{ key, value: bytes('this is dead') }] })
      const heir = openOutbox({ isAlone: false, boot: 'heir' })
      expect(await heir.outbox.adopt('this', heirOf('this is dead'))).toBe(true)
      expect(heir.performed.map(({ id }) => ownerOf(id, 2).boot)).toEqual(['heir', 'heir'])
      expect(await idsLeft()).toHaveLength(2)
    })
  })
})
