/** rpc.md 15: records of calls. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Cdr, record } from '../../protocol/index.js'
import { protocolLimits } from '../../rpc/context.js'
import { callLists, calls, contacts, feedLevel, msgIdLevel } from '../../rpc/documents/index.js'
import { type CallFacts, decideCall } from '../../rpc/handlers/cdr.js'
import { chatFeed } from '../../rpc/views/message-view.js'
import { parseRoomId, phoneOf, type PhoneId, type RoomId } from '../../topics/index.js'
import { aContact, ann, aRoom, boris, type ChatWorld, clara, dan, friends, nobody, now, openChatWorld, type Result } from './chat-world.js'

const club = parseRoomId('club') as RoomId

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld({ limits: { ...protocolLimits, callsPerFeed: 3 }, random: (count) => new Uint8Array(count).fill(0xab) })
  await world.put(...friends(ann, boris), ...friends(ann, dan), ...friends(boris, clara))
  await world.put(
    contacts.put(aContact({ state: 'friend', bans: true }), dan, ann),
    contacts.put(aContact({ state: 'friend', isBanned: true }), ann, dan),
  )
  await world.put(
    ...aRoom(club, [
      [ann, 'owner'],
      [boris, 'member', true],
    ]),
  )
})
afterAll(() => world.close())

const call = (who: PhoneId, fields: Partial<Cdr>): Promise<Result> =>
  world.ask(who, record('CDR', { from: ann, to: boris, started: now - 60_000, type: 'audio', status: 'answered', ...fields }))

async function stored(id: string) {
  const bytes = await world.store.get(calls.key(msgIdLevel(id)))
  return bytes && calls.decode(bytes)
}

describe('a call', () => {
  test('to a friend is told to the devices of both, whoever of the two records it', async () => {
    const told = record('CDR', { id: 'c1', from: ann, to: boris, started: now - 60_000, duration: 59, type: 'audio', status: 'answered' })
    for (const who of [ann, boris]) {
      const { answers, pushes } = await call(who, { id: 'c1', duration: 59 })
      expect(answers).toEqual([])
      expect(pushes).toEqual([
        { topic: 'ses/380670001234', to: ['emqttd_A1', 'emqttd_A2'], record: told },
        { topic: 'ses/380670002234', to: ['emqttd_B1'], record: told },
      ])
    }
  })

  test('to a room is told to the caller and to everyone in the room; a muted member calls nobody', async () => {
    const asked = { id: 'g1', to: club, type: 'video', status: 'missed' } as const
    expect((await call(boris, { ...asked, from: boris })).error).toBe('not_authorized')
    const { pushes } = await call(ann, asked)
    expect(pushes).toMatchObject([
      { topic: 'ses/380670001234', to: ['emqttd_A1', 'emqttd_A2'], record: { id: 'g1', to: club, type: 'video', status: 'missed' } },
      { topic: 'room/club', to: ['emqttd_A1', 'emqttd_A2', 'emqttd_B1'] },
    ])
  })

  test('gets an id where it has none, and the present as its beginning where that is none or to come', async () => {
    expect((await call(ann, { started: 0 })).pushes[0]?.record).toMatchObject({ id: 'ab'.repeat(16), started: now })
    expect((await call(ann, { id: 'c2', started: now + 61_000 })).pushes[0]?.record).toMatchObject({ started: now })
    expect((await call(ann, { id: 'c2a', started: now + 60_000 })).pushes[0]?.record).toMatchObject({ started: now + 60_000 })
  })

  test('that has ended is replaced by a party in duration and status, in nothing else', async () => {
    await call(ann, { id: 'c3', status: 'busy' })
    const { pushes } = await call(boris, { id: 'c3', started: 5, duration: 12, type: 'video', status: 'answered' })
    const replaced = { id: 'c3', from: ann, to: boris, started: now - 60_000, duration: 12, type: 'audio', status: 'answered' } as const
    expect(pushes.map(({ record: told }) => told)).toEqual([record('CDR', replaced), record('CDR', replaced)])
    expect(await stored('c3')).toEqual(replaced)
  })

  test('is kept until there are too many of the same two', async () => {
    for (const id of ['k1', 'k2', 'k3', 'k4', 'with/slash']) await call(ann, { id })
    expect(await Promise.all(['c3', 'k1', 'k2', 'k3', 'k4', 'with/slash', 'g1'].map(async (id) => (await stored(id))?.id))).toEqual([
      ...[undefined, undefined, undefined],
      ...['k3', 'k4', 'with/slash', 'g1'],
    ])
    const list = await world.store.get(callLists.key(feedLevel(`p2p/${ann}/${boris}`)))
    expect(list && callLists.decode(list)).toHaveLength(3)
  })

  for (const { rule, who = ann, fields, error } of [
    { rule: 'no caller', fields: { from: null }, error: 'invalid_data' },
    { rule: 'a callee that is neither a person nor a room', fields: { to: 'a/b' }, error: 'invalid_data' },
    { rule: 'a room as the caller', fields: { from: club, to: ann }, error: 'invalid_data' },
    { rule: 'oneself', fields: { to: ann }, error: 'invalid_data' },
    { rule: 'no type', fields: { type: null }, error: 'invalid_data' },
    { rule: 'no status', fields: { status: null }, error: 'invalid_data' },
    { rule: 'an empty id', fields: { id: '' }, error: 'invalid_data' },
    { rule: 'an id of 256 bytes', fields: { id: 'ї'.repeat(128) }, error: 'invalid_data' },
    { rule: 'a negative duration', fields: { duration: -1 }, error: 'invalid_data' },
    { rule: 'more than 30 days', fields: { duration: 2_592_001 }, error: 'invalid_data' },
    { rule: 'a beginning before 1970', fields: { started: -1 }, error: 'invalid_data' },
    { rule: 'two others', who: clara, fields: {}, error: 'not_authorized' },
    { rule: 'a stranger', fields: { to: clara }, error: 'not_authorized' },
    { rule: 'nobody', fields: { to: nobody }, error: 'not_authorized' },
    { rule: 'a friend who bans the caller', fields: { to: dan }, error: 'not_authorized' },
    { rule: 'a friend whom the caller bans', who: dan, fields: { from: dan, to: ann }, error: 'not_authorized' },
    { rule: 'a room one is not in', who: clara, fields: { from: clara, to: club }, error: 'not_authorized' },
    { rule: 'a room that does not exist', fields: { to: 'lobby' }, error: 'room_not_found' },
    { rule: 'a room, recorded by another', who: boris, fields: { to: club }, error: 'not_authorized' },
    {
      rule: 'a friend, under the id of a call of others',
      who: clara,
      fields: { id: 'k4', from: clara, to: boris },
      error: 'not_authorized',
    },
    { rule: 'a room, under the id of a call to a friend', fields: { id: 'k4', to: club }, error: 'invalid_data' },
    { rule: 'the other way round, under the same id', fields: { id: 'k4', from: boris, to: ann }, error: 'invalid_data' },
  ] satisfies readonly { rule: string; who?: PhoneId; fields: Partial<Cdr>; error: string }[])
    test(`to ${rule} is refused as ${error} and changes nothing`, async () => {
      const before = await stored('k4')
      expect(await call(who, fields)).toMatchObject({ error, pushes: [] })
      expect(await stored('k4')).toEqual(before)
    })
})

describe('a push notification', () => {
  const document = { id: 'n', from: ann, to: boris, started: now, duration: 0, type: 'audio', status: 'missed' } as const
  const facts: CallFacts = {
    kind: 'call',
    document,
    feed: chatFeed(ann, boris),
    own: ann,
    access: {
      standing: { kind: 'p2p', exists: true, areFriends: true, isBanned: false },
      parties: { list: [], byRoster: new Map(), phones: [phoneOf(ann), phoneOf(boris)] },
    },
    stored: undefined,
    kept: [],
  }
  const noticesOf = (parts: Partial<CallFacts>) => {
    const outcome = decideCall({ context: world.context }, { ...facts, ...parts })
    return outcome.kind === 'accepted' ? outcome.sends.flatMap((send) => (send.to === 'phones' ? [send.notice ?? null] : [])) : []
  }

  test('goes to the callee for a missed call, once', () => {
    expect(noticesOf({})).toEqual([null, { kind: 'call', from: ann, feed: `p2p/${ann}/${boris}` }])
    expect(noticesOf({ stored: document })).toEqual([null, null])
    expect(noticesOf({ stored: { ...document, status: 'busy' } })).toEqual([null, expect.objectContaining({ kind: 'call' })])
  })

  for (const status of ['answered', 'rejected', 'cancelled', 'busy', 'failed'] as const)
    test(`is not made for a call that was ${status}`, () => {
      expect(noticesOf({ document: { ...document, status } })).toEqual([null, null])
    })
})
