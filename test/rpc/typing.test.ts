import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { record } from '../../protocol/index.js'
import { contacts } from '../../rpc/documents/index.js'
import { parseRoomId } from '../../topics/index.js'
import { aContact, ann, anne, aRoom, boris, type ChatWorld, clara, friends, openChatWorld } from './chat-world.js'

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  const trip = parseRoomId('trip')
  if (trip === undefined) throw new Error('trip')
  await world.put(...friends(ann, boris), ...friends(anne, clara))
  await world.put(
    ...aRoom(trip, [
      [ann, 'owner'],
      [boris, 'member'],
      [clara, 'member', true],
    ]),
  )
})
afterAll(() => world.close())

test('reaches the connected devices of a chat, the sending one among them', async () => {
  const result = await world.ask(ann, record('Typing', { from: ann, to: boris }))
  expect(result).toEqual({
    answers: [],
    error: undefined,
    pushes: [{ topic: `p2p/${ann}/${boris}`, to: ['380670001234', '380670002234'], record: record('Typing', { from: ann, to: boris }) }],
    verdict: { kind: 'done', messages: [], queued: [] },
  })
})

test('reaches the members of a room', async () => {
  const result = await world.ask(boris, record('Typing', { from: boris, to: 'trip' }))
  expect(result.pushes).toMatchObject([{ topic: 'room/trip', to: ['380670001234', '380670002234', '380670003234'] }])
})

test('of v11 names no author: it is the own roster that belongs there', async () => {
  const result = await world.ask(ann, record('Typing', { to: clara, comments: 'recording' }), { dialect: 'v11', rosters: [ann, anne] })
  expect(result.pushes).toMatchObject([{ topic: `p2p/${anne}/${clara}`, record: { from: anne, to: clara, comments: 'recording' } }])
})

for (const [rule, who, from, to] of [
  ['of another', ann, boris, ann],
  ['to a stranger', boris, boris, clara],
  ['to an unknown room', ann, ann, 'lobby'],
  ['by a muted member', clara, clara, 'trip'],
  ['to nobody', ann, ann, null],
] as const) {
  test(`${rule} is dropped in silence`, async () => {
    expect(await world.ask(who, record('Typing', { from, to }))).toEqual({
      ...{ answers: [], pushes: [], error: undefined },
      verdict: { kind: 'dropped' },
    })
  })
}

test('during a ban is dropped in silence', async () => {
  await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), boris, ann))
  expect((await world.ask(boris, record('Typing', { from: boris, to: ann }))).pushes).toEqual([])
})
