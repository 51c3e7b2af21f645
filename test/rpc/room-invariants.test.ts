/** Whatever people ask of a room, in whatever order, it stays a room: the real halves of the handlers on a store that is a map. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { record } from '../../protocol/index.js'
import { newRpcContext } from '../../rpc/context.js'
import { barred, contacts, members, rooms, roomsOf, rosters } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay, type FactReader } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { memberHandlers } from '../../rpc/handlers/member.js'
import { roomHandlers } from '../../rpc/handlers/room/index.js'
import { leaveAll, readLeaveAll } from '../../rpc/handlers/room/leave.js'
import type { Outcome } from '../../rpc/outcome.js'
import type { Caller, Handler } from '../../rpc/request.js'
import type { Bytes, Put, StoreReader } from '../../store/contract.js'
import { phoneOf, type PhoneId } from '../../topics/index.js'
import { clientIdOf, rosterOf } from '../acl/cast.js'
import { aContact, now } from './chat-world.js'
import { listing, r1, type Room } from './room-world.js'

const people: readonly PhoneId[] = [1, 2, 3, 4, 5].map((n) => rosterOf(`38067000000${n}_${n}`))
/** Two of them are no friends, so that some requests find nobody to add. */
const strangers = [people[3], people[4]]

class MapStore {
  readonly rows = new Map<string, Bytes>()

  apply(puts: readonly Put[]): void {
    for (const { key, value } of puts) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, value)
    }
  }

  scan(prefix: string): readonly { readonly key: string; readonly value: Bytes }[] {
    return [...this.rows]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value }))
  }

  reader(): FactReader {
    const store: StoreReader = {
      get: (key) => this.rows.get(key),
      getMany: (keys) => keys.map((key) => this.rows.get(key)),
      scan: (prefix) => this.scan(prefix),
      feedHead: () => ({ lastId: 0, count: 0, ordinal: 0 }),
      feedPlace: () => undefined,
      feedPage: () => [],
      inboxHead: () => undefined,
      inboxPage: () => [],
      inboxLosses: () => [],
      outboxPage: () => [],
    }
    return newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'test' }).reader
  }
}

function peopled(): MapStore {
  const store = new MapStore()
  const known = { id: 1, names: null, surnames: null, email: null, nick: null, avatar: null, created: now, update: now }
  for (const one of people) {
    store.apply([rosters.put(known, one)])
    for (const other of people) {
      const areStrangers = one !== other && strangers.includes(one) && strangers.includes(other)
      if (!areStrangers) store.apply([contacts.put(aContact({ state: 'friend' }), one, other)])
    }
  }
  return store
}

type Status = (typeof roomHandlers)[number]['request']
type Step =
  | {
      readonly kind: 'room'
      readonly who: number
      readonly status: Status
      readonly members: readonly number[]
      readonly admins: readonly number[]
    }
  | { readonly kind: 'member'; readonly who: number }
  | { readonly kind: 'vanish'; readonly who: number }

const person = fc.nat({ max: people.length - 1 })
const some = fc.uniqueArray(person, { maxLength: 3 })
const others = roomHandlers.map(({ request }) => request).filter((request) => request !== 'delete')
const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('room' as const),
        who: person,
        // Few deletions: nothing follows one.
        status: fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...others) }, { weight: 1, arbitrary: fc.constant('delete' as const) }),
        members: some,
        admins: some,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('member' as const), who: person }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('vanish' as const), who: person }) },
  ),
  { minLength: 5, maxLength: 40 },
)

const context = newRpcContext({ boot: 'test', nodeCount: 1 })
const at = (index: number): PhoneId => people[index] ?? rosterOf('380670000001_1')

function callerOf(who: PhoneId): Caller {
  const clientId = clientIdOf(`emqttd_${phoneOf(who)}`)
  return {
    client: { kind: 'device', clientId, userName: 'api', phone: phoneOf(who), rosters: [who] },
    clientId,
    dialect: 'v1',
    codec: 'bert',
    address: '',
    token: null,
  }
}

async function take(store: MapStore, step: Step, time: number): Promise<Outcome> {
  const facts = store.reader()
  const caller = callerOf(at(step.who))
  if (step.kind === 'vanish') return leaveAll(await readLeaveAll(facts, [at(step.who)]), time)
  if (step.kind === 'member') {
    const [{ handler }] = memberHandlers
    const request = {
      record: record('Member', { feed_id: record('muc', { name: r1 }), alias: 'x', status: 'patch' }),
      caller,
      now: time,
      context,
    }
    return handler.decide(request, await handler.read(request, facts))
  }
  const { handler } = roomHandlers.find(({ request }) => request === step.status) as unknown as { handler: Handler<Room, unknown> }
  const listed = { members: listing(...step.members.map(at)), admins: listing(...step.admins.map(at)) }
  const asked = record('Room', { id: r1, name: 'N', type: 'channel', ...listed, status: step.status })
  const request = { record: asked, caller, now: time, context }
  return handler.decide(request, await handler.read(request, facts))
}

/** Who has ever held which member id. */
type Ids = Map<number, PhoneId>

function checkRoom(store: MapStore, ids: Ids): void {
  const bytes = store.rows.get(rooms.key(r1))
  const list = store.scan(members.prefix(r1)).map(({ key, value }) => ({ phoneId: members.partsOf(key)[1], ...members.decode(value) }))
  const inside = list.map(({ phoneId }) => phoneId)
  expect(people.filter((one) => store.rows.has(roomsOf.key(one, r1)))).toEqual(people.filter((one) => inside.includes(one)))
  if (bytes === undefined) {
    expect(list).toEqual([])
    return
  }
  const room = rooms.decode(bytes)
  expect(list.filter(({ role }) => role === 'owner').map(({ phoneId }) => phoneId)).toEqual([room.owner])
  expect(room.memberCount).toBe(list.length)
  expect(list.filter(({ role, isMuted }) => isMuted && role !== 'member')).toEqual([])
  expect(inside.filter((one) => store.rows.has(barred.key(r1, one)))).toEqual([])
  expect(new Set(list.map(({ id }) => id)).size).toBe(list.length)
  for (const { id, phoneId } of list) {
    expect(id).toBeLessThanOrEqual(room.lastMemberId)
    expect(ids.get(id) ?? phoneId).toBe(phoneId)
    ids.set(id, phoneId)
  }
}

test('a room keeps one owner, a true count, its bars, and member ids that are never used again', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const store = peopled()
      const ids: Ids = new Map()
      await take(store, { kind: 'room', who: 0, status: 'create', members: [1, 2], admins: [3] }, now).then((first) => {
        if (first.kind === 'accepted') store.apply(first.puts)
      })
      let stamp = 0
      for (const [i, step] of taken.entries()) {
        const outcome = await take(store, step, now + i)
        if (outcome.kind !== 'accepted') continue
        reached.add(step.kind === 'room' ? step.status : step.kind)
        const changesMembers = outcome.puts.some(({ key }) => key.startsWith(members.prefix(r1)))
        store.apply(outcome.puts)
        checkRoom(store, ids)
        const bytes = store.rows.get(rooms.key(r1))
        const after = bytes === undefined ? Number.POSITIVE_INFINITY : rooms.decode(bytes).stamp
        if (changesMembers) expect(after).toBeGreaterThan(stamp)
        stamp = after
      }
    }),
    { numRuns: 100 },
  )
  // The runs are no empty talk: the requests that change the member list have all been granted.
  expect([...reached]).toEqual(expect.arrayContaining(['add', 'ban', 'delete', 'join', 'leave', 'mute', 'remove', 'vanish']))
})
