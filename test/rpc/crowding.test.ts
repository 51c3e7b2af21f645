/** What strangers ask takes nobody's place: requests that wait, inboxes, contact lists. docs/decisions/0206. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Friend, record } from '../../protocol/index.js'
import { protocolLimits } from '../../rpc/context.js'
import { contacts, rosters } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readOwnContacts } from '../../rpc/views/contact-view.js'
import type { PhoneId } from '../../topics/index.js'
import { rosterOf } from '../acl/cast.js'
import { aContact, ann, boris, type ChatWorld, friends, now, openChatWorld, type Result } from './chat-world.js'

const limit = 3
const strangers = Array.from({ length: 6 }, (_, i) => rosterOf(`38060000000${String(i)}_1`))
const [s0, s1, s2, s3, s4] = strangers as [PhoneId, PhoneId, PhoneId, PhoneId, PhoneId]

let world: ChatWorld
beforeEach(async () => {
  world = await openChatWorld({ limits: { ...protocolLimits, pendingRequests: limit } })
  const roster = { id: 1, names: 'Stranger', surnames: null, email: null, nick: null, avatar: null, created: now, update: now }
  await world.put(...strangers.map((one) => rosters.put(roster, one)), ...friends(ann, boris))
})
afterEach(() => world.close())

const ask = (self: PhoneId, other: PhoneId, status: Friend['status'] = 'request', at = now): Promise<Result> =>
  world.ask(self, record('Friend', { phone_id: self, friend_id: other, status }), { at })

async function waiting(): Promise<readonly PhoneId[]> {
  const rows = await Promise.all(strangers.map(async (one) => [one, (await world.contact(boris, one))?.state] as const))
  return rows.flatMap(([one, state]) => (state === 'authorization' ? [one] : []))
}

test('of the requests that wait at one person the oldest gives way, and its device is told', async () => {
  for (const one of [s0, s1, s2]) expect((await ask(one, boris)).error).toBeUndefined()
  const result = await ask(s3, boris)
  expect(await waiting()).toEqual([s1, s2, s3])
  expect(result.pushes.map(({ record: one }) => one)).toContainEqual(expect.objectContaining({ phone_id: s0, status: 'revoke' }))
  expect((await world.contact(boris, ann))?.state).toBe('friend')
})

test('a request of somebody in the address book stays while there are strangers', async () => {
  await world.put(contacts.put(aContact({ state: 'internal' }), boris, s0))
  for (const one of [s0, s1, s2, s3, s4]) await ask(one, boris)
  expect(await waiting()).toEqual([s0, s3, s4])
})

test('whoever gave way may ask again, and if the other asks him, they are friends', async () => {
  for (const one of [s0, s1, s2, s3]) await ask(one, boris)
  expect((await ask(s0, boris)).error).toBeUndefined()
  expect(await waiting()).toEqual([s0, s2, s3])
  expect((await ask(boris, s1)).error).toBeUndefined()
  expect((await world.contact(boris, s1))?.state).toBe('friend')
  expect((await world.contact(s1, boris))?.state).toBe('friend')
})

test('requests that were answered or taken back make room before one gives way', async () => {
  for (const one of [s0, s1, s2]) await ask(one, boris)
  await ask(s1, boris, 'revoke')
  await ask(boris, s2, 'confirm')
  await ask(s3, boris)
  await ask(s4, boris)
  expect(await waiting()).toEqual([s0, s3, s4])
})

test('twenty rounds of request and revoke by each of many strangers are one entry of an inbox', async () => {
  const before = (await world.inbox(boris)).length
  for (let round = 0; round < 20; round++)
    for (const one of strangers) {
      await ask(one, boris)
      await ask(one, boris, 'revoke')
    }
  await ask(s4, boris)
  const added = (await world.inbox(boris)).slice(before)
  expect(added.map(({ record: one }) => one)).toEqual([expect.objectContaining({ phone_id: s4, status: 'authorization' })])
})

test('a contact list that is cut keeps friends before those who ask, and of these the latest', async () => {
  await world.put(...strangers.map((one, i) => contacts.put(aContact({ state: 'authorization', update: now + i }), boris, one)))
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'test' })
  const kept = await readOwnContacts(reader, boris, 4)
  expect(kept.map(({ key: [, other] }) => other)).toEqual([...strangers.slice(-2), ann, boris])
})
