/** rpc.md 14: locations. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Loc, record } from '../../protocol/index.js'
import { contacts, type LocationDocument, locations, profiles } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readContactView, readUserlist } from '../../rpc/views/contact-view.js'
import { locationFeatures } from '../../rpc/views/location-view.js'
import { phoneOf, type PhoneId } from '../../topics/index.js'
import { aContact, ann, anne, boris, type ChatWorld, clara, dan, friends, now, openChatWorld, type Result } from './chat-world.js'

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  const profile = { services: [], settings: [], update: 0, balance: 0, created: now }
  await world.put(
    profiles.put({ ...profile, rosters: [12_525, 12_526] }, phoneOf(ann)),
    profiles.put({ ...profile, rosters: [12_888] }, phoneOf(dan)),
  )
  await world.put(...friends(ann, boris), ...friends(anne, clara))
})
afterAll(() => world.close())

const tell = (x: number | null, y: number | null, z: number | null, at = 0, who = ann): Promise<Result> =>
  world.ask(who, record('Loc', { x, y, z }), { at: now + at })

async function stored(): Promise<LocationDocument | undefined> {
  const bytes = await world.store.get(locations.key(phoneOf(ann)))
  return bytes && locations.decode(bytes)
}

/** Where `owner` finds Ann in the settings of his contact; both ways of reading it agree. */
async function foundBy(owner: PhoneId, other: PhoneId = ann): Promise<string | null | undefined> {
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' })
  const valueIn = (settings: readonly { readonly key: string | null; readonly value: string | null; readonly group: string | null }[]) =>
    settings.find(({ key, group }) => key === 'LOCATION' && group === 'LOC_DATA')?.value
  const listed = (await readUserlist(reader, owner)).find(({ phone_id }) => phone_id === other)
  const alone = valueIn((await readContactView(reader, owner, other)).settings)
  if (listed !== undefined) expect(valueIn(listed.settings)).toBe(alone)
  return alone
}

describe('a location', () => {
  test('is told to the friends of every own roster who are connected, and not answered', async () => {
    const { answers, pushes } = await tell(30.52, 50.45, null)
    expect(answers).toEqual([])
    const loc = record('Loc', { x: 30.52, y: 50.45, z: null })
    expect(pushes).toEqual([
      { topic: `ac/${ann}`, to: [phoneOf(boris)], record: loc },
      { topic: `ac/${anne}`, to: [phoneOf(clara)], record: loc },
    ])
    expect((await stored())?.place).toEqual({ longitude: 30.52, latitude: 50.45, altitude: null, time: now })
  })

  test('is told again after 5 s; those in between are only stored', async () => {
    expect((await tell(31, 50, 179, 1)).pushes).toEqual([])
    expect((await tell(32, 50, 179, 4_999)).pushes).toEqual([])
    expect(await stored()).toMatchObject({ place: { longitude: 32, time: now + 4_999 }, told: now })
    expect((await tell(33, 50, 179, 5_000)).pushes).toHaveLength(2)
    expect((await tell(34, 50, 179, 9_999)).pushes).toEqual([])
  })

  test('is read by friends in the full Contact, not by strangers or the banned, and not in the own one', async () => {
    expect(await foundBy(boris)).toBe(`34,50,179,${String(now + 9_999)}`)
    expect(await foundBy(clara, anne)).toBe(`34,50,179,${String(now + 9_999)}`)
    expect(await foundBy(ann)).toBeUndefined()
    expect(await foundBy(clara)).toBeUndefined()
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), boris, ann))
    expect(await foundBy(boris)).toBeUndefined()
    await world.put(contacts.put(aContact({ state: 'friend', bans: true }), boris, ann))
    expect(await foundBy(boris)).toBeUndefined()
    await world.put(...friends(ann, boris))
  })

  test('taken back is gone at once, and friends are told so once', async () => {
    const { answers, pushes } = await tell(null, null, null, 10_000)
    expect(answers).toEqual([])
    expect(pushes.map(({ topic, record: told }) => [topic, told])).toEqual([
      [`ac/${ann}`, record('Loc', {})],
      [`ac/${anne}`, record('Loc', {})],
    ])
    expect((await stored())?.place).toBeNull()
    expect(await foundBy(boris)).toBeUndefined()
    expect((await tell(null, null, null, 20_000)).pushes).toEqual([])
  })

  test('that comes and goes again and again is told no more often', async () => {
    const at = 100_000
    expect((await tell(1, 1, null, at)).pushes).toHaveLength(2)
    expect((await tell(null, null, null, at + 1)).pushes).toHaveLength(2)
    expect((await tell(2, 2, null, at + 2)).pushes).toEqual([])
    expect((await tell(null, null, null, at + 3)).pushes).toEqual([])
    expect((await tell(3, 3, null, at + 4)).pushes).toEqual([])
    expect((await tell(null, null, null, at + 6_000)).pushes).toHaveLength(2)
  })

  test('that nobody may see is stored without a push', async () => {
    expect(await tell(1, 1, null, 0, dan)).toMatchObject({ answers: [], pushes: [] })
  })

  for (const [x, y, z] of [
    [180.1, 0, null],
    [-181, 0, null],
    [0, 90.5, null],
    [0, -91, null],
    [null, 50, null],
    [30, null, null],
    [null, null, 100],
  ] as const)
    test(`${String(x)}, ${String(y)}, ${String(z)} is invalid_data, and nothing changes`, async () => {
      const before = await stored()
      expect(await tell(x, y, z, 200_000)).toMatchObject({ error: 'invalid_data', pushes: [] })
      expect(await stored()).toEqual(before)
    })

  for (const [x, y] of [
    [180, 90],
    [-180, -90],
    [0, 0],
  ] as const)
    test(`${String(x)}, ${String(y)} is a place`, async () => {
      expect((await tell(x, y, -400.5, 300_000 + Math.abs(x))).error).toBeUndefined()
    })

  test('is refused without a profile', async () => {
    expect((await tell(1, 1, null, 0, clara)).error).toBe('not_authorized')
  })
})

test('a location is written without exponents and without needless digits', () => {
  const valueOf = (loc: Pick<Loc, 'x' | 'y' | 'z'>): string | null | undefined => {
    const place = { longitude: loc.x ?? 0, latitude: loc.y ?? 0, altitude: loc.z, time: 7 }
    return locationFeatures({ place, told: 0, isKnown: true })[0]?.value
  }
  expect(valueOf({ x: 0.000_000_1, y: -0.000_000_01, z: null })).toBe('0.0000001,0,,7')
  expect(valueOf({ x: 30.523_333_333_333, y: -50, z: 100 })).toBe('30.5233333,-50,100,7')
})
