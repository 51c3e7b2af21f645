/** rpc.md 9: a ban is between two people, whatever rosters they have, and nothing that the one writes reaches the other. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, type Friend, record } from '../../protocol/index.js'
import {
  contacts,
  devices,
  listedBy,
  type MessageDocument,
  messages,
  presences,
  profiles,
  roomsOf,
  rosters,
} from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { readReceiver } from '../../rpc/runtime/outbox/receiver.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readRosterAudience } from '../../rpc/views/presence-audience.js'
import type { Put } from '../../store/contract.js'
import { p2pTopic, parseRoomId, type PhoneId, phoneOf, type RoomId } from '../../topics/index.js'
import { clientIdOf, rosterOf } from '../acl/cast.js'
import { aContact, ann, anne, aRoom, boris, type ChatWorld, clara, friends, now, openChatWorld, type Result } from './chat-world.js'

/** A second roster of Boris. */
const bob = rosterOf('380670002234_12335')
const club = parseRoomId('club') as RoomId
const own = { [phoneOf(ann)]: [ann, anne], [phoneOf(boris)]: [boris, bob], [phoneOf(clara)]: [clara] }

let world: ChatWorld
beforeEach(async () => {
  world = await openChatWorld()
  await world.put(...Object.values(own).flatMap(account))
})
afterEach(() => world.close())

function account(list: readonly PhoneId[]): readonly Put[] {
  const [first] = list
  if (first === undefined) return []
  const profile = { services: [], settings: [], rosters: list.map((one) => Number(one.split('_')[1])), update: 0, balance: 0, created: 0 }
  const blank = { surnames: null, email: null, nick: null, avatar: null, created: now, update: now }
  return [
    profiles.put(profile, phoneOf(first)),
    ...list.flatMap((one) => [rosters.put({ id: 1, names: one, ...blank }, one), contacts.put(aContact({ state: 'friend' }), one, one)]),
  ]
}

/** A request of a device of the account of a roster. */
const asks = (who: PhoneId, asked: AnyRecord): Promise<Result> => {
  const all = own[phoneOf(who)] ?? []
  return world.ask(all[0] ?? who, asked, { rosters: all })
}
const friend = (self: PhoneId, other: PhoneId, status: Friend['status']): Promise<Result> =>
  asks(self, record('Friend', { phone_id: self, friend_id: other, status }))
const says = (from: PhoneId, to: PhoneId): Promise<Result> =>
  asks(from, record('Message', { from, to, files: [record('Desc', { payload: 'hi' })], status: 'client' }))

/** What reaches the devices of an account. */
const reaching = (who: PhoneId, { pushes }: Result): readonly string[] =>
  pushes.filter(({ to }) => to.some((client) => client.startsWith(who === ann ? 'emqttd_A' : 'emqttd_B'))).map(({ record: one }) => one.tag)

const pairs = [
  [boris, anne],
  [bob, ann],
  [bob, anne],
] as const

describe('a ban', () => {
  for (const [self, other] of pairs) {
    test(`keeps ${self} from asking ${other}, until it is lifted`, async () => {
      await friend(ann, boris, 'ban')
      for (const status of ['request', 'confirm', 'revoke'] as const) expect((await friend(self, other, status)).pushes).toEqual([])
      expect((await friend(self, other, 'request')).error).toBe('not_authorized')
      expect((await friend(other, self, 'request')).error).toBe('invalid_data')
      await friend(ann, boris, 'unban')
      expect((await friend(self, other, 'request')).error).toBeUndefined()
    })

    test(`ends whatever ${self} and ${other} have, and gives friends back all they had, whoever of the account lifts it`, async () => {
      await world.put(...friends(self, other), ...friends(ann, boris))
      await friend(ann, boris, 'ban')
      for (const [from, to] of [[self, other], [other, self]] as const) expect((await says(from, to)).error).toBe('not_authorized') // prettier-ignore
      const call = record('CDR', { from: self, to: other, type: 'audio', status: 'missed', started: now })
      expect((await asks(self, call)).error).toBe('not_authorized')
      expect((await asks(self, record('Typing', { from: self, to: other }))).pushes).toEqual([])
      expect(reaching(ann, await asks(self, record('Loc', { x: 1, y: 1 })))).toEqual([])
      const room = record('Room', { id: 'r1', name: 'Trip', members: [record('Member', { phone_id: other })], status: 'create' })
      expect((await asks(self, { ...room, admins: [record('Member', { phone_id: self })] })).error).toBe('contacts_not_found')
      await friend(anne, bob, 'unban')
      for (const [from, to] of [[self, other], [boris, ann]] as const) expect((await says(from, to)).error).toBeUndefined() // prettier-ignore
    })
  }

  test('tells the devices of both of every pair that it parts and that it gives back', async () => {
    await world.put(...friends(ann, boris), ...friends(anne, bob))
    await world.put(contacts.put(aContact({ state: 'internal' }), anne, boris), listedBy.put(true, boris, anne))
    const told = ({ pushes }: Result) =>
      pushes.map(({ topic, record: one }) => [topic, one.tag === 'Contact' && [one.status, one.phone_id, one.presence]])
    const [a, b] = [`ses/${phoneOf(ann)}`, `ses/${phoneOf(boris)}`]
    expect(told(await friend(ann, boris, 'ban'))).toEqual([
      [a, ['banned', boris, 'offline']],
      [b, ['banned_by', ann, 'offline']],
      [a, ['banned', boris, 'offline']],
      [a, ['banned', bob, 'offline']],
      [b, ['banned_by', anne, 'offline']],
    ])
    expect(told(await friend(ann, boris, 'unban'))).toEqual([
      [a, ['unbanned', boris, 'offline']],
      [b, ['unbanned', ann, 'offline']],
      [a, ['unbanned_stranger', boris, 'offline']],
      [a, ['unbanned', bob, 'offline']],
      [b, ['unbanned', anne, 'offline']],
    ])
    expect(await world.contact(anne, boris)).toBeUndefined()
    expect(await world.contact(anne, bob)).toMatchObject({ state: 'friend' })
  })

  test('makes requests that wait between other rosters void', async () => {
    await friend(bob, ann, 'request')
    await friend(ann, boris, 'ban')
    expect((await friend(ann, bob, 'confirm')).pushes).toEqual([])
    expect(await world.contact(ann, bob)).toMatchObject({ state: 'authorization', bans: true })
    await friend(ann, boris, 'unban')
    expect([await world.contact(ann, bob), await world.contact(bob, ann)]).toEqual([undefined, undefined])
  })

  test('hides all rosters of the account from all of the other, in searches and address books; the banner finds them, as banned', async () => {
    await friend(ann, boris, 'ban')
    const find = (id: PhoneId, phone: string) =>
      asks(id, record('Search', { id, field: 'phone', type: '==', value: [phone], status: 'contact' }))
    const found = ({ answers }: Result) =>
      answers.flatMap(({ data }: AnyRecord & { data?: unknown }) => (data as { userlist?: readonly unknown[] } | undefined)?.userlist ?? [])
    for (const roster of [boris, bob]) {
      expect(found(await find(roster, phoneOf(ann)))).toEqual([])
      for (const phone_id of [ann, anne]) {
        const add = record('Roster', { id: roster, userlist: [record('Contact', { phone_id })], status: 'add' })
        expect((await asks(roster, add)).error).toBe('contacts_not_found')
      }
    }
    expect(found(await find(anne, phoneOf(boris)))).toMatchObject([
      { phone_id: boris, status: 'banned' },
      { phone_id: bob, status: 'banned' },
    ])
  })

  test('shows fellow members of a room nothing of each other’s presence, whichever rosters are in it', async () => {
    await world.put(...aRoom(club, [[anne, 'owner'], [bob, 'member'], [clara, 'member']])) // prettier-ignore
    await world.put(...[anne, bob, clara].map((one) => roomsOf.put({ joined: now }, one, club)))
    const muc = async (of: PhoneId) => {
      const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(9), boot: 'test' })
      return (await readRosterAudience(reader, of)).muc
    }
    const online = [{ client: clientIdOf('emqttd_A1'), boot: 'test' }]
    await world.put(presences.put({ devices: online, update: now }, phoneOf(ann)))
    const presence = record('Presence', { uid: anne })
    expect((await world.ask(boris, presence, { rosters: [boris, bob], dialect: 'v11' })).error).toBeUndefined()
    await friend(ann, boris, 'ban')
    expect([await muc(anne), await muc(bob)]).toEqual([[phoneOf(clara)], [phoneOf(clara)]])
    expect((await world.ask(boris, presence, { rosters: [boris, bob], dialect: 'v11' })).error).toBe('not_authorized')
    const { answers } = await asks(bob, record('Room', { id: club, status: 'get' }))
    expect(answers[0]).toMatchObject({ admins: [{ phone_id: anne, presence: 'offline' }] })
  })

  test('lets him who is banned tell the banner nothing by banning back, nor by banning him from a room', async () => {
    await world.put(...friends(ann, boris), ...friends(anne, bob))
    await friend(ann, boris, 'ban')
    for (const status of ['ban', 'unban', 'ban', 'unban'] as const) expect(reaching(ann, await friend(boris, ann, status))).toEqual([])
    await asks(boris, record('Room', { id: 'words', name: 'words', status: 'create' }))
    for (const status of ['ban', 'unban'] as const) {
      const { pushes, error } = await asks(boris, record('Room', { id: 'words', members: [record('Member', { phone_id: ann })], status }))
      expect([error, pushes.map(({ topic }) => topic)]).toEqual([undefined, ['room/words']])
    }
  })

  test('leaves each of the two shown to the other as he was called when it was made, until it is lifted', async () => {
    await world.put(...friends(ann, boris), ...friends(ann, bob))
    const seen = async (who: PhoneId, other: PhoneId) => {
      const { answers } = await asks(who, record('Roster', { id: who, status: 'get' }))
      const list = answers[0]?.tag === 'Roster' ? answers[0].userlist : []
      const one = list.find((contact) => typeof contact === 'object' && contact.phone_id === other)
      return typeof one === 'object' ? [one.names, one.nick, one.avatar] : undefined
    }
    const patch = (who: PhoneId, names: string) =>
      asks(who, record('Roster', { id: who, names, nick: `n_${who.slice(-2)}`, avatar: `https://${names}`, status: 'patch' }))
    await friend(ann, boris, 'ban')
    for (const [who, other] of [
      [boris, ann],
      [bob, ann],
      [ann, boris],
    ] as const) {
      // prettier-ignore
      expect(reaching(other, await patch(who, 'Words'))).toEqual([])
      expect(await seen(other, who)).toEqual([who, null, null])
    }
    await friend(boris, ann, 'ban')
    await patch(boris, 'More')
    await friend(ann, boris, 'unban')
    expect(await seen(ann, boris)).toEqual([boris, null, null])
    const { pushes } = await friend(boris, ann, 'unban')
    expect(pushes).toMatchObject([
      { record: { phone_id: ann, names: 'Words', nick: 'n_25', status: 'unbanned' } },
      { record: { phone_id: boris, names: 'More', nick: 'n_34', status: 'unbanned' } },
      { record: { phone_id: ann, names: 'Words', status: 'unbanned' } },
      { record: { phone_id: bob, names: 'Words', status: 'unbanned' } },
    ])
    expect(await seen(ann, boris)).toEqual(['More', 'n_34', 'https://More'])
  })

  test('of a roster of one’s own account is refused', async () => {
    expect((await friend(ann, anne, 'ban')).error).toBe('invalid_data')
    expect((await friend(ann, anne, 'unban')).error).toBe('invalid_data')
  })

  test('of an account that is banned already becomes an entry of the roster that asks', async () => {
    await friend(ann, boris, 'ban')
    const { pushes } = await friend(anne, bob, 'ban')
    expect(pushes.map(({ record: one }) => one.tag === 'Contact' && [one.phone_id, one.status])).toEqual([[bob, 'banned']])
    await friend(anne, boris, 'unban')
    expect([await world.contact(anne, bob), await world.contact(bob, anne)]).toEqual([undefined, undefined])
  })
})

describe('whatever the rosters of two accounts do', () => {
  const all = [ann, anne, boris, bob]
  const statuses = ['request', 'confirm', 'revoke', 'ban', 'unban', 'mute', 'add', 'del', 'says'] as const
  const step = fc.record({ by: fc.constantFrom(...all), about: fc.nat(1), what: fc.constantFrom(...statuses) })

  test('all contacts between them say of bans what the accounts do, and nothing reaches who bans', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        await world.put(...[ann, anne].flatMap((a) => [boris, bob].flatMap((b) => [contacts.remove(a, b), contacts.remove(b, a)])))
        const bans = new Set<string>()
        for (const { by, about, what } of [...steps, ...all.map((one) => ({ by: one, about: 0, what: 'unban' as const }))]) {
          const other = (phoneOf(by) === phoneOf(ann) ? [boris, bob] : [ann, anne])[about] ?? ann
          const wasBanned = bans.has(phoneOf(other))
          const result = await act(by, other, what)
          const isDone = result.error === undefined
          if (wasBanned) expect(reaching(phoneOf(other) === phoneOf(ann) ? ann : boris, result)).toEqual([])
          if (what === 'ban' && isDone) bans.add(phoneOf(by))
          if (what === 'unban') bans.delete(phoneOf(by))
          for (const a of [ann, anne]) {
            for (const b of [boris, bob]) {
              const said = [bans.has(phoneOf(a)), bans.has(phoneOf(b))]
              const [own, theirs] = [await world.contact(a, b), await world.contact(b, a)]
              if (own !== undefined) expect([own.bans, own.isBanned]).toEqual(said)
              if (theirs !== undefined) expect([theirs.isBanned, theirs.bans]).toEqual(said)
            }
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  function act(by: PhoneId, other: PhoneId, what: (typeof statuses)[number]): Promise<Result> {
    if (what === 'says') return says(by, other)
    if (what !== 'add' && what !== 'del') return friend(by, other, what)
    return asks(by, record('Roster', { id: by, userlist: [record('Contact', { phone_id: other })], status: what }))
  }
})

describe('a ban that crosses what makes a contact of other rosters leaves none without its mark', () => {
  const makers: { readonly [What in string]: () => Promise<Result> } = {
    'a request': () => friend(bob, ann, 'request'),
    'a confirm': () => friend(anne, boris, 'confirm'),
    'an entry': () => asks(bob, record('Roster', { id: bob, userlist: [record('Contact', { phone_id: ann })], status: 'add' })),
  }
  const ban = () => friend(ann, boris, 'ban')

  /** Asks something, and something else between its reading and its commit. */
  async function between(first: () => Promise<Result>, second: () => Promise<Result>): Promise<void> {
    const commit = world.store.commit.bind(world.store)
    Object.assign(world.store, {
      async commit(one: Parameters<typeof commit>[0]) {
        Object.assign(world.store, { commit })
        await second()
        return commit(one)
      },
    })
    await first()
  }

  for (const [what, make] of Object.entries(makers)) {
    for (const isBanFirst of [true, false]) {
      test(`${what}, ${isBanFirst ? 'the ban' : 'it'} committed first`, async () => {
        await friend(boris, anne, 'request')
        await (isBanFirst ? between(make, ban) : between(ban, make))
        for (const a of [ann, anne]) {
          for (const b of [boris, bob]) {
            const [own, other] = [await world.contact(a, b), await world.contact(b, a)]
            expect([a, b, own?.bans ?? true, other?.isBanned ?? true]).toEqual([a, b, true, true])
          }
        }
      })
    }
  }
})

describe('a mute', () => {
  const message = (from: PhoneId, to: PhoneId): MessageDocument => ({
    ...{ feed: p2pTopic(from, to), msgId: null, from, to, created: now, files: [], type: [], link: null, seenby: [], repliedby: [] },
    ...{ mentioned: [], status: 'sent', isEdited: false, hiddenFrom: [] },
  })
  async function rings(from: PhoneId, kind: 'message' | 'request'): Promise<string> {
    const feed = p2pTopic(ann, from)
    const said = await world.store.commit({ appends: [{ feed, message: messages.encode(message(from, ann)), isCountable: true }] })
    const id = said.kind === 'committed' ? (said.appended[0]?.id ?? 0) : 0
    const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(9), boot: 'test' })
    return (await readReceiver(reader, phoneOf(ann), { kind, from, feed }, kind === 'message' ? id : 0)).kind
  }

  test('holds for what a friend writes by whichever roster, what he asks, and a friendship that comes later', async () => {
    await world.put(devices.put({ clients: ['emqttd_A1', 'emqttd_A2'].map(clientIdOf) }, phoneOf(ann)))
    await world.put(...friends(ann, boris))
    await friend(ann, boris, 'mute')
    await friend(bob, ann, 'request')
    expect([await rings(boris, 'message'), await rings(bob, 'request')]).toEqual(['muted', 'muted'])
    await friend(ann, bob, 'confirm')
    expect(await rings(bob, 'message')).toBe('muted')
    const { pushes } = await friend(ann, bob, 'unmute')
    expect(pushes.map(({ record: one }) => one.tag === 'Contact' && one.phone_id)).toEqual([bob, boris])
    expect([await rings(boris, 'message'), await rings(bob, 'message')]).toEqual(['wants', 'wants'])
    await friend(ann, bob, 'mute')
    expect([(await world.contact(ann, boris))?.isMuted, (await world.contact(ann, bob))?.isMuted]).toEqual([true, true])
  })
})
