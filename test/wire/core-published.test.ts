import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { befriendCore, type CoreMessage, type CorePerson, registerCore } from './core-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let ann: CorePerson
let bob: CorePerson
let eve: CorePerson
beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0' })
  ann = await registerCore(server.ws, '380670004001')
  bob = await registerCore(server.ws, '380670004002')
  eve = await registerCore(server.ws, '380670004003')
  await befriendCore(ann, bob)
})
afterAll(() => server.close())

const type = 'urn:cadmium:chat:event:message'
const refusalOf = ({ type: name, ok, payload }: CoreMessage): unknown => [name, ok, payload['errCode'], payload['errID']]

test('edits, deletions and read marks by any of the three names of an id', async () => {
  const { eventID } = await ann.get('urn:cadmium:chat:message', { type, content: { text: 'one' } }, bob.user)
  const uuid = String(eventID).slice(1).split(':')[0]
  expect(await ann.get('urn:cadmium:chat:message:edit', { messageID: eventID, updatedContent: { text: 'two' } })).toEqual({})
  expect(await bob.get('urn:cadmium:chat:read', { id: uuid }, ann.user)).toEqual({})
  expect((await ann.push('receipt')).payload).toMatchObject({ message: eventID, user: bob.user })
  expect(refusalOf(await bob.ask('urn:cadmium:chat:message:delete', { eventID }))).toEqual([
    'urn:cadmium:chat:message:delete',
    false,
    9,
    'not_allowed',
  ])
  expect(await ann.get('urn:cadmium:chat:message:delete', { eventID: uuid })).toEqual({})
  const { messages } = await bob.get('urn:nynja:chat:history', { limit: 1 }, ann.user)
  expect(messages).toMatchObject([{ message: eventID, state: 'deleted' }])
})

test('who may not write has words of his own in a private chat', async () => {
  const name = 'urn:cadmium:chat:message'
  const message = { type, content: { text: 'x' } }
  expect(refusalOf(await eve.ask(name, message, bob.user))).toEqual([name, false, 903, 'urn:cadmium:chat:private:banned'])
  expect(refusalOf(await eve.ask(name, { ...message, content: { text: 'x', replyTo: '&x' } }, bob.user))).toEqual([
    name,
    false,
    3,
    'invalid-eid',
  ])
  expect(refusalOf(await eve.ask(name, message))).toEqual([name, false, 2, 'invalid'])
})

test('a history is read to its end in both directions, without what it was asked from', async () => {
  const sync = 'urn:cadmium:chat:history:sync'
  const ids: unknown[] = []
  for (let i = 0; i < 7; i++) {
    ids.push((await ann.get('urn:cadmium:chat:message', { type, content: { text: `s${String(i)}` } }, bob.user))['eventID'])
  }
  expect(refusalOf(await ann.ask(sync, { limit: 3 }))).toEqual([sync, false, 904, 'urn:nynja:chat:required'])
  expect(refusalOf(await eve.ask(sync, { chatID: '!none@localhost' }))).toEqual([sync, false, 8, 'not_found'])
  for (const direction of ['UP', 'DOWN']) {
    const found: string[] = []
    let since: unknown
    do {
      const page = await bob.get(sync, { chatID: ann.user, limit: 2, direction, ...(since === undefined ? {} : { since }) })
      const events = page['events'] as readonly { eventID: string; content: { text: string }; chatID: string; originServer: string }[]
      for (const { chatID, originServer } of events) expect([chatID, originServer]).toEqual([ann.user, 'localhost'])
      const texts = events.map(({ content }) => content.text)
      if (direction === 'UP') found.unshift(...texts)
      else found.push(...texts)
      since = page['nextBatch']
    } while (since !== null)
    expect(found).toEqual(Array.from({ length: 7 }, (_, i) => `s${String(i)}`))
  }
  const [third] = (await bob.get(sync, { chatID: ann.user, since: ids[2], limit: 1 }))['events'] as readonly { eventID: string }[]
  expect(third?.eventID).toBe(ids[3])
})
