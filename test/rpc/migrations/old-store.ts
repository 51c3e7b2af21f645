/** A store as the program before unique member ids wrote it, and what is to be found in it afterwards. */
import { type AnyRecord, decodePush, type Desc, record } from '../../../protocol/index.js'
import {
  type ContactDocument,
  contacts,
  type JobDocument,
  jobs,
  memberIdAt,
  memberIdBlocks,
  memberIdShard,
  members,
  type MessageDocument,
  messages,
  partings,
  roomsOf,
  rooms,
  rosters,
  sharedBodies,
  stars,
} from '../../../rpc/documents/index.js'
import { newFactReader } from '../../../rpc/fact-reader.js'
import { emptyOverlay } from '../../../rpc/facts.js'
import { newNames } from '../../../rpc/names/names.js'
import { newReadCache } from '../../../rpc/read-cache.js'
import { newSights } from '../../../rpc/runtime/worker/delivered-record.js'
import { packBody, unpackBody } from '../../../rpc/runtime/worker/body.js'
import { readInboxPage } from '../../../rpc/runtime/worker/inbox-page.js'
import type { Row, Store } from '../../../store/contract.js'
import type { PhoneId, RoomId } from '../../../topics/index.js'
import { rosterOf } from '../../acl/cast.js'
import { aContact, ann, aRoom, boris, clara, now } from '../chat-world.js'
import { roomNamed } from '../room-world.js'

export const trip = roomNamed('trip')
export const walk = roomNamed('walk')
export const reader = 'emqttd_A1'

const text: Desc = record('Desc', { id: 'd', mime: 'text', payload: 'hello' })

function message(feed: string, seenby: MessageDocument['seenby'], parts: Partial<MessageDocument> = {}): MessageDocument {
  return {
    ...{ feed, msgId: null, from: ann, to: feed.slice('room/'.length), created: now, files: [text], type: [], link: null, seenby },
    ...{ repliedby: [], mentioned: [], status: 'sent', isEdited: false, hiddenFrom: [], ...parts },
  }
}

const member = (room: RoomId, id: number, phoneId: PhoneId, neighbours: { prev?: number; next?: number } = {}) =>
  record('Member', { id, phone_id: phoneId, feed_id: record('muc', { name: room }), status: 'member', ...neighbours })

const pushed = record('Room', {
  ...{ id: trip, status: 'add', members: [member(trip, 2, boris, { prev: 1, next: 67 })], admins: [member(trip, 1, ann, { next: 2 })] },
})

const anne = rosterOf('380670001234_12526')
const bob = rosterOf('380670002234_12335')
const both = (a: PhoneId, b: PhoneId, own: Partial<ContactDocument>, other: Partial<ContactDocument>) => [
  contacts.put(aContact(own), a, b),
  contacts.put(aContact(other), b, a),
]

/** Ann and Boris have two rosters each: she bans one of his by one of hers, he one by the other. Each pair of hers is parted, too. Clara is not. */
const oldContacts = [
  ...[[ann, 'Anna'] as const, [boris, 'Boris'] as const].map(([one, names]) =>
    rosters.put({ id: 1, names, surnames: null, email: null, nick: null, avatar: null, created: now, update: now }, one),
  ),
  ...both(ann, boris, { state: 'friend', bans: true, update: 7 }, { state: 'friend', isBanned: true, update: 7 }),
  ...both(anne, bob, { isBanned: true, update: 8 }, { bans: true, update: 8 }),
  ...both(anne, boris, { state: 'friend' }, { state: 'friend' }),
  contacts.put(aContact({ state: 'internal' }), ann, bob),
  ...both(ann, clara, { state: 'friend' }, { state: 'friend' }),
  ...both(ann, anne, { state: 'friend', bans: true }, { state: 'friend', isBanned: true }),
  ...both(bob, boris, { bans: true }, { isBanned: true }),
]

/** What there is between people, in words that do not depend on the engine. */
export async function bansIn(store: Store): Promise<unknown> {
  const between = async ({ key, value }: Row) => {
    const { state, bans, isBanned, shownAs } = contacts.decode(value)
    return [...contacts.partsOf(key).map((one) => names[one]), state, bans && 'bans', isBanned && 'is banned', shownAs?.names]
      .filter(Boolean)
      .join(' ')
  }
  const rows = await store.scan(contacts.prefix(), { limit: 100 })
  const stored = await store.scan(partings.prefix(), { limit: 100 })
  return {
    contacts: (await Promise.all(rows.map(between))).sort(),
    bans: Object.fromEntries(stored.map(({ key, value }) => [partings.partsOf(key).join(' '), partings.decode(value)])),
  }
}

const names: { readonly [Roster in string]: string } = { [ann]: 'ann', [anne]: 'anne', [boris]: 'boris', [bob]: 'bob', [clara]: 'clara' }

/** As it is after the migrations. */
export const bansNow = {
  contacts: [
    'ann bob internal bans is banned',
    'ann boris friend bans is banned Boris',
    'ann anne friend',
    'ann clara friend',
    'anne ann friend',
    'anne bob none bans is banned',
    'anne boris friend bans is banned Boris',
    'bob anne none bans is banned',
    'boris ann friend bans is banned Anna',
    'boris anne friend bans is banned',
    'clara ann friend',
  ].sort(),
  bans: {
    '380670001234 380670002234': { own: { by: ann, at: 7 }, other: { by: bob, at: 8 } },
    '380670002234 380670001234': { own: { by: bob, at: 8 }, other: { by: ann, at: 7 } },
  },
}

/** In the room `trip` clara came as the 67th, and others have been in it before; `walk` has two members. One of both rooms is in two. */
export async function writeOldStore(store: Store): Promise<void> {
  const job: JobDocument = {
    ...{ state: 'pending', time: now, due: now, context: null, settings: [], refused: null },
    messages: [record('Message', { to: trip, from: ann, files: [text], seenby: [2, boris] })],
  }
  const put = [
    ...aRoom(trip, [[ann, 'owner'], [boris, 'member']], { lastMemberId: 67, memberCount: 3 }), // prettier-ignore
    members.put({ ...decodeMember(aRoom(trip, [[clara, 'member']])[1]?.value), id: 67 }, trip, clara),
    ...aRoom(walk, [[boris, 'owner'], [ann, 'member']]), // prettier-ignore
    ...[trip, walk].map((room) => roomsOf.put({ joined: now }, ann, room)),
    ...oldContacts,
    stars.put({ message: message('room/walk', [1, 3]), previous: 0, tags: [], clientId: null, created: now, bytes: 100 }, boris, '3'),
    jobs.put(job, ann, '1'),
    sharedBodies.put(packBody({ kind: 'record', record: pushed }), '1700000000000-a'),
  ]
  const append = (document: MessageDocument) => ({ feed: document.feed, message: messages.encode(document), isCountable: true })
  const deliver = (body: Uint8Array) => ({ client: reader, topic: 'room/trip', qos: 2 as const, body })
  await store.commit({
    puts: put,
    appends: [
      append(message('room/trip', [67, 3, clara, 68, -1])),
      append(message('room/trip', [])),
      append(message('room/walk', [2])),
      append(message(`p2p/${ann}/${boris}`, [], { to: boris })),
    ],
    deliveries: [
      deliver(packBody({ kind: 'record', record: pushed })),
      deliver(packBody({ kind: 'record', record: { ...member(walk, 2, ann, { prev: 1 }), status: 'patch' } })),
      deliver(packBody({ kind: 'shared', id: '1700000000000-a' })),
      deliver(
        packBody({
          kind: 'record',
          record: record('Message', { id: 1, feed_id: record('muc', { name: trip }), seenby: [67], status: 'deleted' }),
        }),
      ),
      deliver(packBody({ kind: 'message' })),
    ],
  })
}

/** The id that a room gave as its `nth` lies at this place of the blocks that the room has now. */
export function idNow(room: RoomId, nth: number): number {
  return memberIdAt(memberIdShard(room), 0, nth - 1)
}

/** All that holds member ids, in words that do not depend on the engine. */
export async function idsIn(store: Store): Promise<unknown> {
  const decoded = async <D>(table: { prefix(): string; decode(bytes: Uint8Array): D }): Promise<readonly D[]> =>
    (await store.scan(table.prefix(), { limit: 100 })).map(({ value }) => table.decode(value))
  const feeds = await Promise.all(
    ['room/trip', 'room/walk'].map(async (feed) => store.feedPage(feed, { from: 0, direction: 'newer', limit: 9 })),
  )
  const { reader: facts } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'test' })
  const sights = newSights(store, facts, [ann])
  const page = await readInboxPage(store, reader, {
    ...{ head: { last: 5 }, after: 0, limit: 9, encoding: { codec: 'bert', dialect: 'v11' }, names: newNames(), sights },
  })
  return {
    rooms: (await decoded(rooms)).map(({ lastMemberId }) => lastMemberId),
    members: (await decoded(members)).map(({ id }) => id),
    messages: feeds.map((feed) => feed.map(({ message }) => messages.decode(message).seenby)),
    stars: (await decoded(stars)).map(({ message }) => message.seenby),
    jobs: (await decoded(jobs)).map(({ messages: [one] }) => one?.seenby),
    bodies: (await decoded(sharedBodies)).map((bytes) => idsOf(recordIn(unpackBody(bytes)))),
    inbox: page.entries.slice(0, 4).map((entry) => idsOf(entry.kind === 'publish' ? readRecord(entry.payload) : undefined)),
    blocks: await decoded(memberIdBlocks),
  }
}

function decodeMember(bytes: Uint8Array | undefined) {
  if (bytes === undefined) throw new Error('no member')
  return members.decode(bytes)
}

function recordIn(body: ReturnType<typeof unpackBody>): AnyRecord | undefined {
  return body.kind === 'record' ? body.record : undefined
}

function readRecord(payload: Uint8Array): AnyRecord | undefined {
  const result = decodePush(payload, 'v11')
  return result.kind === 'record' ? result.record : undefined
}

function idsOf(one: AnyRecord | undefined): unknown {
  if (one?.tag === 'Member') return [one.id, one.prev, one.next]
  if (one?.tag === 'Message') return one.seenby
  return one?.tag === 'Room' ? [...one.members, ...one.admins].map(({ id, prev, next }) => [id, prev, next]) : one
}
