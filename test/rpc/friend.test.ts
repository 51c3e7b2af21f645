import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Friend, record, type RecordOf } from '../../protocol/index.js'
import { contacts, presences } from '../../rpc/documents/index.js'
import { type PhoneId, phoneOf } from '../../topics/index.js'
import { noBans, putBans } from '../../rpc/views/parting.js'
import { clientIdOf } from '../acl/cast.js'
import { aContact, ann, anne, boris, type ChatWorld, clara, friends, nobody, now, openChatWorld, type Result } from './chat-world.js'

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  for (const [a, b] of [
    [ann, boris],
    [ann, clara],
    [ann, anne],
  ] as const)
    await world.put(contacts.remove(a, b), contacts.remove(b, a), ...putBans(phoneOf(a), phoneOf(b), noBans))
})

function friend(self: PhoneId, other: string, status: Friend['status'], parts: Partial<Friend> = {}): RecordOf<'Friend'> {
  return record('Friend', { phone_id: self, friend_id: other, status, ...parts })
}

const ask = (self: PhoneId, other: PhoneId, status: Friend['status'], parts: Partial<Friend> = {}): Promise<Result> =>
  world.ask(self, friend(self, other, status, parts))

/** The pushes to `ses` topics, as `phone: status of phone_id`. */
function told({ pushes }: Result): readonly string[] {
  return pushes.flatMap(({ topic, record: pushed }) =>
    pushed.tag === 'Contact' ? [`${topic.slice('ses/'.length)}: ${String(pushed.status)} ${String(pushed.phone_id)}`] : [],
  )
}

const toBoth = (own: string, other: string): readonly string[] => [`${phoneOf(ann)}: ${own} ${boris}`, `${phoneOf(boris)}: ${other} ${ann}`]

/** The sides of a pair answer. */
function pairOf({ answers }: Result): readonly unknown[] {
  const [io] = answers
  if (io?.tag !== 'io') return []
  return [io.code, io.data].map((side) => (typeof side === 'object' && side !== null && 'code' in side ? side.code : side))
}

async function states(): Promise<readonly unknown[]> {
  return [(await world.contact(ann, boris))?.state, (await world.contact(boris, ann))?.state]
}

describe('request', () => {
  test('asks the other, with no answer but the pushes', async () => {
    const result = await ask(ann, boris, 'request')
    expect(result.answers).toEqual([])
    expect(told(result)).toEqual(toBoth('request', 'authorization'))
    expect(result.pushes[0]?.to).toEqual(['emqttd_A1', 'emqttd_A2'])
    expect(await states()).toEqual(['request', 'authorization'])
  })

  test('of someone who has asked already is a confirm', async () => {
    await ask(boris, ann, 'request')
    const result = await ask(ann, boris, 'request')
    expect(pairOf(result)).toEqual(['added', 'added'])
    expect(told(result)).toEqual(toBoth('friend', 'friend'))
    expect(await states()).toEqual(['friend', 'friend'])
  })

  test('turns an address-book entry into a request', async () => {
    await world.put(contacts.put(aContact({ state: 'internal' }), ann, boris))
    expect((await ask(ann, boris, 'request')).error).toBeUndefined()
    expect(await states()).toEqual(['request', 'authorization'])
  })

  test('of someone who ignores the caller is told to the caller alone', async () => {
    await world.put(contacts.put(aContact({ state: 'request' }), ann, boris), contacts.put(aContact({ state: 'ignore' }), boris, ann))
    expect(told(await ask(ann, boris, 'request'))).toEqual(toBoth('request', 'authorization').slice(0, 1))
    expect(await states()).toEqual(['request', 'ignore'])
  })

  for (const { rule, self = ann, other = boris, own, theirs, error } of [
    { rule: 'oneself', other: ann, error: 'invalid_data' },
    { rule: 'another roster of the same phone', other: anne, error: 'invalid_data' },
    { rule: 'someone who does not exist', other: nobody, error: 'contact_not_found' },
    { rule: 'on behalf of somebody else', self: clara, error: 'not_authorized' },
    { rule: 'twice', own: aContact({ state: 'request' }), theirs: aContact({ state: 'authorization' }), error: 'invalid_data' },
    { rule: 'a friend', own: aContact({ state: 'friend' }), theirs: aContact({ state: 'friend' }), error: 'invalid_data' },
  ] as const) {
    test(`is refused as ${error} for ${rule}`, async () => {
      if (own !== undefined && theirs !== undefined) await world.put(contacts.put(own, ann, boris), contacts.put(theirs, boris, ann))
      const result = await world.ask(ann, friend(self, other, 'request'))
      expect([result.error, result.pushes]).toEqual([error, []])
    })
  }

  test('is refused for someone the caller bans, and for someone who bans him', async () => {
    await ask(ann, boris, 'ban')
    expect((await ask(ann, boris, 'request')).error).toBe('invalid_data')
    expect((await ask(boris, ann, 'request')).error).toBe('not_authorized')
  })

  test('with something else than a phone_id is refused as invalid_data', async () => {
    expect((await world.ask(ann, friend(ann, 'lobby', 'request'))).error).toBe('invalid_data')
  })
})

describe('confirm', () => {
  test('makes friends, shows true presence to both, and starts the feed with an empty system message', async () => {
    await world.put(presences.put({ devices: [{ client: clientIdOf('emqttd_A1'), boot: 'test' }], update: now }, phoneOf(ann)))
    await ask(ann, boris, 'request')
    const result = await ask(boris, ann, 'confirm')
    expect(pairOf(result)).toEqual(['added', 'added'])
    expect(told(result)).toEqual([...toBoth('friend', 'friend')].reverse())
    const seen = result.pushes.map(({ record: pushed }) => (pushed.tag === 'Contact' ? pushed.presence : pushed.tag))
    expect(seen).toEqual(['online', 'offline', 'Message'])
    expect(result.pushes[2]).toMatchObject({
      topic: `p2p/${ann}/${boris}`,
      to: ['emqttd_B1', 'emqttd_A1', 'emqttd_A2'],
      record: { from: boris, to: ann, status: 'internal', files: [{ mime: 'text', payload: '' }] },
    })
    expect(await states()).toEqual(['friend', 'friend'])
  })

  test('of friends is answered and told to nobody', async () => {
    await world.put(...friends(ann, boris))
    const result = await ask(ann, boris, 'confirm')
    expect([pairOf(result), result.pushes]).toEqual([['added', 'added'], []])
  })

  for (const { rule, own, theirs, pair } of [
    { rule: 'without a request', own: undefined, theirs: undefined, pair: ['contacts_not_found', 'contacts_not_found'] },
    {
      rule: 'of the own request',
      own: aContact({ state: 'request' }),
      theirs: aContact({ state: 'authorization' }),
      pair: ['contacts_not_found', 'contacts_not_found'],
    },
    {
      rule: 'after the other side has vanished',
      own: aContact({ state: 'authorization' }),
      theirs: undefined,
      pair: ['added', 'contact_not_found'],
    },
    {
      rule: 'after the own side has vanished',
      own: undefined,
      theirs: aContact({ state: 'request' }),
      pair: ['contact_not_found', 'added'],
    },
    {
      rule: 'of one who has been banned meanwhile',
      own: aContact({ state: 'authorization', bans: true }),
      theirs: aContact({ state: 'request', isBanned: true }),
      pair: ['contacts_not_found', 'contacts_not_found'],
    },
  ]) {
    test(`${rule} makes no friends`, async () => {
      if (own !== undefined) await world.put(contacts.put(own, ann, boris))
      if (theirs !== undefined) await world.put(contacts.put(theirs, boris, ann))
      const result = await ask(ann, boris, 'confirm')
      expect([pairOf(result), result.pushes]).toEqual([pair, []])
      expect(await states()).not.toContain('friend')
    })
  }

  test('after ignoring makes friends', async () => {
    await ask(boris, ann, 'request')
    expect(told(await ask(ann, boris, 'ignore'))).toEqual([`${phoneOf(ann)}: ignore ${boris}`])
    await ask(ann, boris, 'confirm')
    expect(await states()).toEqual(['friend', 'friend'])
  })
})

describe('revoke', () => {
  for (const [own, theirs] of [
    ['request', 'authorization'],
    ['authorization', 'request'],
    ['friend', 'friend'],
  ] as const) {
    test(`removes ${own} and ${theirs} and tells both`, async () => {
      await world.put(contacts.put(aContact({ state: own }), ann, boris), contacts.put(aContact({ state: theirs }), boris, ann))
      const result = await ask(ann, boris, 'revoke')
      expect([result.answers, told(result)]).toEqual([[], toBoth('revoke', 'revoke')])
      expect(await states()).toEqual([undefined, undefined])
    })
  }

  test('of nothing, of a banned friend and of oneself is refused', async () => {
    expect((await ask(ann, boris, 'revoke')).error).toBe('contact_not_found')
    await world.put(...friends(ann, boris))
    await ask(ann, boris, 'ban')
    expect((await ask(ann, boris, 'revoke')).error).toBe('contact_not_found')
    expect((await ask(ann, ann, 'revoke')).error).toBe('invalid_data')
    expect((await world.contact(ann, ann))?.state).toBe('friend')
  })
})

describe('ban and unban', () => {
  test('bar friends, remember the state, and give it back', async () => {
    await world.put(...friends(ann, boris))
    const ban = await ask(ann, boris, 'ban')
    expect([pairOf(ban), told(ban)]).toEqual([['added', 'added'], toBoth('banned', 'banned_by')])
    expect(ban.pushes.map(({ record: pushed }) => (pushed.tag === 'Contact' ? pushed.presence : ''))).toEqual(['offline', 'offline'])
    expect(await world.contact(boris, ann)).toMatchObject({ state: 'friend', bans: false, isBanned: true })
    const again = await ask(ann, boris, 'ban')
    expect([pairOf(again), again.pushes]).toEqual([['added', 'added'], []])
    expect((await ask(boris, ann, 'request')).error).toBe('not_authorized')
    const unban = await ask(ann, boris, 'unban')
    expect([pairOf(unban), told(unban)]).toEqual([['added', 'added'], toBoth('unbanned', 'unbanned')])
    expect(await states()).toEqual(['friend', 'friend'])
  })

  test('of a stranger holds and is answered with the missing side; lifted, nothing is left', async () => {
    const ban = await ask(ann, boris, 'ban')
    expect([pairOf(ban), told(ban)]).toEqual([['added', 'contact_not_found'], toBoth('banned', 'banned_by').slice(0, 1)])
    expect((await ask(boris, ann, 'request')).error).toBe('not_authorized')
    const unban = await ask(ann, boris, 'unban')
    expect([pairOf(unban), told(unban)]).toEqual([['added', 'contact_not_found'], [`${phoneOf(ann)}: unbanned_stranger ${boris}`]])
    expect(await states()).toEqual([undefined, undefined])
  })

  test('by both restore nothing until both are lifted', async () => {
    await world.put(...friends(ann, boris))
    await ask(ann, boris, 'ban')
    await ask(boris, ann, 'ban')
    const first = await ask(ann, boris, 'unban')
    expect([pairOf(first), told(first)]).toEqual([['added', 'added'], [`${phoneOf(ann)}: unbanned_stranger ${boris}`]])
    expect(await world.contact(ann, boris)).toMatchObject({ state: 'friend', bans: false, isBanned: true })
    expect(told(await ask(boris, ann, 'unban'))).toEqual([...toBoth('unbanned', 'unbanned')].reverse())
  })

  test('of nobody, of oneself, and without a ban', async () => {
    expect(pairOf(await ask(ann, nobody, 'ban'))).toEqual(['contacts_not_found', 'contacts_not_found'])
    expect(pairOf(await ask(ann, boris, 'unban'))).toEqual(['contacts_not_found', 'contacts_not_found'])
    expect((await ask(ann, ann, 'ban')).error).toBe('invalid_data')
  })
})

describe('settings of a contact', () => {
  const feature = (value: string): RecordOf<'Feature'> => record('Feature', { key: 'COLOR', value, group: 'CHAT' })

  test('mute and unmute are told to the own devices alone, and may be repeated', async () => {
    await world.put(...friends(ann, boris))
    for (const status of ['mute', 'mute', 'unmute', 'unmute'] as const) {
      expect(told(await ask(ann, boris, status))).toEqual([`${phoneOf(ann)}: ${status}d ${boris}`])
      expect(await world.contact(ann, boris)).toMatchObject({ state: 'friend', isMuted: status === 'mute' })
    }
    expect((await world.contact(ann, boris))?.settings).toEqual([])
    expect((await ask(ann, clara, 'mute')).error).toBe('contact_not_found')
  })

  test('update merges settings by key and group; an empty value deletes', async () => {
    await world.put(...friends(ann, boris))
    await ask(ann, boris, 'mute')
    const result = await ask(ann, boris, 'update', { settings: [feature('red')] })
    expect(told(result)).toEqual([`${phoneOf(ann)}: friend ${boris}`])
    await ask(ann, boris, 'update', { settings: [feature('blue')] })
    expect(await world.contact(ann, boris)).toMatchObject({ isMuted: true, settings: [{ key: 'MUTE' }, { key: 'COLOR', value: 'blue' }] })
    await ask(ann, boris, 'update', { settings: [feature('')] })
    expect((await world.contact(ann, boris))?.settings).toHaveLength(1)
    expect((await ask(ann, clara, 'update', { settings: [feature('red')] })).error).toBe('contact_not_found')
  })
})

test('two requests that cross make friends, whichever comes first', async () => {
  const crossed = await Promise.all([ask(ann, boris, 'request'), ask(boris, ann, 'request')])
  expect(await states()).toEqual(['friend', 'friend'])
  expect(crossed.filter((result) => pairOf(result).length > 0)).toHaveLength(1)
})
