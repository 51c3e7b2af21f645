import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { contacts, cursors, devices, feedLevel, type MessageDocument, messages, presences, rosters } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import type { Caller } from '../../rpc/request.js'
import { readProfile } from '../../rpc/views/profile-view.js'
import { p2pTopic, parsePhoneId, phoneOf, type PhoneId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { type AccountWorld, ann, boris, openAccountWorld, short, start } from './account-world.js'

let world: AccountWorld
let annCaller: Caller
let pa: PhoneId
beforeAll(async () => {
  world = await openAccountWorld()
  annCaller = await world.login(await world.register('reg_A1', ann))
  pa = await world.rosterOf(ann)
})
afterAll(() => world.close())

const service: Caller = {
  client: { kind: 'service', clientId: clientIdOf('sys_news'), userName: 'api', name: 'news' },
  ...{ clientId: clientIdOf('sys_news'), dialect: 'v1', codec: 'bert', address: '', token: null },
}

for (const { rule, caller, phone, told } of [
  { rule: 'the own one', caller: () => annCaller, phone: ann, told: 'Profile get' },
  { rule: 'the own one, not named', caller: () => annCaller, phone: null, told: 'Profile get' },
  { rule: 'that of another', caller: () => annCaller, phone: boris, told: 'error not_authorized' },
  { rule: 'any, for a service', caller: () => service, phone: ann, told: 'Profile get' },
  { rule: 'one that is not there, for a service', caller: () => service, phone: boris, told: 'error profile_not_found' },
  { rule: 'no phone, for a service', caller: () => service, phone: null, told: 'error not_authorized' },
])
  test(`Profile/get of ${rule}: ${told}`, async () => {
    const { answers } = await world.ask(caller(), record('Profile', { phone, status: 'get' }))
    expect(answers.map(short)).toEqual([told])
    if (told === 'Profile get') expect(answers[0]).toMatchObject({ presence: 'online', rosters: [{ userlist: [{ phone_id: pa }] }] })
  })

/** Friends with names, presence and a chat of one message each. */
async function befriend(count: number): Promise<void> {
  const contact = { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start } as const
  const others = Array.from({ length: count }, (_, i) => parsePhoneId(`38099${String(i).padStart(7, '0')}_${String(i + 100)}`)!)
  for (let from = 0; from < count; from += 200) {
    const some = others.slice(from, from + 200)
    await world.store.commit({
      puts: some.flatMap((other, i) => [
        contacts.put(contact, pa, other),
        contacts.put(contact, other, pa),
        rosters.put(
          {
            id: from + i + 100,
            names: 'Friend',
            surnames: 'Of Ann',
            email: null,
            nick: null,
            avatar: 'https://files/avatar.jpg',
            created: start,
            update: start,
          },
          other,
        ),
        devices.put({ clients: [] }, phoneOf(other)),
        presences.put({ devices: [{ client: clientIdOf('emqttd_F'), boot: 'first' }], update: start }, phoneOf(other)),
      ]),
      appends: some.map((other) => ({ feed: p2pTopic(pa, other), message: messages.encode(greeting(other)), isCountable: true })),
    })
  }
}

function greeting(from: PhoneId): MessageDocument {
  return {
    feed: p2pTopic(pa, from),
    ...{ msgId: 'm', from, to: pa, created: start, type: [], link: null, seenby: [], repliedby: [], mentioned: [] },
    files: [record('Desc', { id: 'd', mime: 'text', payload: 'hello' })],
    ...{ status: 'sent', isEdited: false, hiddenFrom: [] },
  }
}

test('the Profile of a phone with 1,000 friends shows each with presence, unread and last message', async () => {
  await befriend(1_000)
  const read = parsePhoneId('380990000001_101')!
  await world.put(cursors.put(1_000_000, pa, feedLevel(p2pTopic(pa, read))))
  let reads = 0
  const { store } = world
  const counted = new Proxy(store, { get: (target, name: keyof typeof store) => ((reads += name === 'stamps' ? 0 : 1), target[name]) })
  const { reader, checks } = newFactReader({ store: counted, overlay: emptyOverlay(), cache: newReadCache(20_000), boot: 'first' })
  const profile = await readProfile(reader, ann, { presence: 'online', status: 'init' })
  const [roster] = profile?.rosters ?? []
  if (profile === undefined || typeof roster !== 'object') throw new Error('no profile')
  expect(roster.userlist).toHaveLength(1_001)
  expect(roster.userlist[1]).toMatchObject({
    names: 'Friend',
    presence: 'online',
    unread: 1,
    last_msg: { from: '380990000000_100' },
    status: 'friend',
  })
  expect(roster.userlist[2]).toMatchObject({ phone_id: read, unread: 0 })
  // What is only shown is not checked; and the work grows with the friends, not faster.
  expect(checks).toEqual([])
  expect(reads).toBeLessThan(1_000 * 10)
  expect(encode(profile, { codec: 'bert', dialect: 'v1' }).length).toBeLessThan(1_000 * 600)
})
