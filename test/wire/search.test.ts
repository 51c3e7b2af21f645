/** Search over real sockets, in each dialect and codec. @see docs/protocol/rpc.md 12 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type AnyRecord,
  decodePush,
  type Dialect,
  encode,
  type Encoding,
  record,
  type RecordOf,
  type Search,
} from '../../protocol/index.js'
import { rosters } from '../../rpc/documents/index.js'
import { openLmdbStore } from '../../store/index.js'
import { rosterOf } from '../acl/cast.js'
import { type Account, bert, come, eventsTopic, fence, register, request } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let [ann, bob, eve]: Account[] = []
let [b, e]: WireDevice[] = []
/** Ann's devices, by what they speak. */
const devices = new Map<Dialect, WireDevice>()

beforeAll(async () => {
  server = await startWireServer()
  bob = await register(server.mqtt, 'bob', '380670000002')
  eve = await register(server.mqtt, 'eve', '380670000003')
  for (const dialect of ['v1', 'v11'] as const) {
    ann = await register(server.mqtt, `ann_${dialect}`, '380670000001')
    const device = dial(server.mqtt)
    const will = { topic: dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.of() }
    await device.connect({ clientId: ann.clientId, password: ann.token, will })
    devices.set(dialect, device)
  }
  b = await come(server.mqtt, bob)
  e = await come(server.mqtt, eve)
  await request(b, record('Roster', { id: bob.phoneId, names: 'Bohdan', surnames: 'Їжакевич', nick: 'Bob_the_B', status: 'patch' }))
  await request(e, record('Roster', { id: eve.phoneId, names: 'Eve', nick: 'bob_fan', status: 'patch' }))
  await request(devices.get('v1')!, record('Room', { id: 'lobby', name: 'Lobby', type: 'group', status: 'create' }))
})
afterAll(() => server.close())

/** The answer as the device gets it, one of Ann's unless another is given. */
async function ask(parts: Partial<Omit<Search, 'tag'>>, encoding: Encoding, device = devices.get(encoding.dialect)!): Promise<AnyRecord> {
  await fence(device, encoding)
  device.pushes.takeAll()
  const asked = record('Search', { id: ann!.phoneId, ref: 'R1', field: 'names', type: 'like', status: 'contact', ...parts })
  await device.publish(eventsTopic, encode(asked, encoding))
  const push = await device.pushes.take('the answer', ({ topic }) => topic.startsWith('actions/'))
  const decoded = decodePush(Buffer.from(push.payload), encoding.dialect)
  if (decoded.kind === 'refusal') throw new Error(decoded.because)
  expect(decoded.encoding.codec).toBe(encoding.codec)
  return decoded.record
}

async function search(...asked: Parameters<typeof ask>): Promise<RecordOf<'Roster'>> {
  const answered = await ask(...asked)
  expect(answered).toMatchObject({ tag: 'io', code: { tag: 'ok', ref: 'R1' }, data: { tag: 'Roster' } })
  return (answered as RecordOf<'io'>).data as RecordOf<'Roster'>
}

const idsIn = ({ userlist }: RecordOf<'Roster'>): readonly unknown[] =>
  userlist.map((one) => (typeof one === 'object' ? one.phone_id : one))

for (const encoding of [
  bert,
  { codec: 'bert', dialect: 'v11' },
  { codec: 'json', dialect: 'v1' },
  { codec: 'msgpack', dialect: 'v11' },
] as const) {
  const told = `${encoding.codec} ${encoding.dialect}`
  const isV1 = encoding.dialect === 'v1'

  test(`${told}: people are found by parts of names and nicks, and shown as to strangers`, async () => {
    const byNames = await search({ value: ['ДАН', 'їжак'] }, encoding)
    const { phoneId } = bob!
    expect(byNames).toMatchObject({
      userlist: [{ phone_id: phoneId, names: 'Bohdan', surnames: null, nick: null, presence: 'offline', status: null }],
      status: 'contact',
    })
    const byNick = await search({ field: 'nick', value: ['BOB_'], status: 'member' }, encoding)
    expect(byNick.userlist).toContainEqual(expect.objectContaining({ phone_id: phoneId, surnames: null, nick: 'Bob_the_B' }))
    expect([...idsIn(byNick)].sort()).toEqual([phoneId, eve!.phoneId])
    expect(byNick.status).toBe(isV1 ? 'member' : 'search')
    expect(await search({ value: ['xyz'] }, encoding)).toMatchObject({ userlist: [] })
  })

  test(`${told}: own rooms are found by name, with the own Member`, async () => {
    const found = await search({ field: 'name', value: ['OBB'], status: 'room' }, encoding)
    const lobby = { id: 'lobby', name: 'Lobby', admins: [{ phone_id: ann!.phoneId, status: 'admin' }] }
    expect(found).toMatchObject({ userlist: [], roomlist: [lobby], status: isV1 ? 'room' : 'search' })
  })

  test(`${told}: what is too short is refused`, async () => {
    expect(await ask({ value: ['ab'] }, encoding)).toMatchObject({ tag: 'io', code: { tag: 'error', code: 'invalid_data' } })
  })
}

test('whoever changes the names is found by the new ones at once, and no longer by the old ones', async () => {
  await request(e!, record('Roster', { id: eve!.phoneId, names: 'Lilith', status: 'patch' }))
  expect(idsIn(await search({ value: ['lil'] }, bert))).toEqual([eve!.phoneId])
  expect(idsIn(await search({ value: ['eve'] }, bert))).toEqual([])
})

test('a server that starts on a store without an index makes it, and finds whom the store holds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-unindexed-'))
  const store = await openLmdbStore({ path: join(folder, 'store') })
  const old = rosterOf('380660000001_5000')
  const nothing = { surnames: null, email: null, nick: null, avatar: null }
  await store.commit({ puts: [rosters.put({ id: 5_000, names: 'Methuselah', ...nothing, created: 1, update: 1 }, old)] })
  await store.close()
  const later = await startWireServer({ NYNJA_DATA_DIR: folder })
  try {
    expect(await later.logged('people-indexed')).toMatchObject({ rosters: 1 })
    const account = await register(later.mqtt, 'young', '380670000004')
    const device = await come(later.mqtt, account)
    expect(idsIn(await search({ id: account.phoneId, value: ['THUSE'] }, bert, device))).toEqual([old])
  } finally {
    await later.close()
    await rm(folder, { recursive: true })
  }
})
