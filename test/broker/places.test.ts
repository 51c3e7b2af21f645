/** Who has a place among the connections, by kind and by address. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Crowd } from '../../broker/listeners/crowd.js'
import { type Place, type PlaceKind, type PlaceLimits, Places, type TurnedAway } from '../../broker/listeners/places.js'
import { reading } from '../clock/readings.js'

/** The address of `a`, `b7` and the like; what is an address is itself. */
function addressOf(name: string): string {
  const [, letter, number = '0'] = /^([a-z])(\d*)$/.exec(name) ?? []
  return letter === undefined ? name : `10.0.${String(letter.charCodeAt(0))}.${number === '' ? '0' : number}`
}

interface Hall {
  readonly places: Places
  readonly turnedAway: [TurnedAway, string][]
  readonly ended: Place[]
  clock: number
  /** A socket that has become that; undefined if it was turned away on the way. */
  come(address: string, kind?: PlaceKind): Place | undefined
}

const defaults: PlaceLimits = {
  maxConnections: 100,
  fits: Infinity,
  unprovenPercent: 25,
  unprovenPerAddress: 20,
  connectDeadlineMs: 30_000,
  unprovenLifeMs: 900_000,
  maxTransfers: 80,
}

function newHall(limits: Partial<PlaceLimits> = {}, admits: (address: string) => boolean = () => true): Hall {
  const hall: Hall = {
    turnedAway: [],
    ended: [],
    clock: 0,
    places: new Places({
      limits: { ...defaults, ...limits },
      admits,
      onTurnedAway: (because, address) => hall.turnedAway.push([because, address]),
      elapsed: () => reading(hall.clock),
    }),
    come(address, kind = 'unfinished') {
      const made: { place?: Place | undefined } = {}
      made.place = hall.places.enter(addressOf(address), () => {
        if (made.place !== undefined) hall.ended.push(made.place)
      })
      if (made.place === undefined || kind === 'unfinished') return made.place
      const isIn = kind !== 'proven' || hall.places.move(made.place, 'claimant')
      return isIn && hall.places.move(made.place, kind) ? made.place : undefined
    },
  }
  return hall
}

function manyOf(count: number, come: (i: number) => Place | undefined): Place[] {
  return Array.from({ length: count }, (_, i) => come(i)).filter((place) => place !== undefined)
}

const unproven = [
  { kind: 'unfinished', share: 25 },
  { kind: 'guest', share: 25 },
  { kind: 'asking', share: 20 },
] as const

describe.each(unproven)('places of kind $kind', ({ kind, share }) => {
  test('of one address are bounded, whatever the others leave free', () => {
    const hall = newHall({ unprovenPerAddress: 5 })
    expect(manyOf(9, () => hall.come('a', kind)).length).toBe(5)
    expect(hall.turnedAway).toEqual(Array(4).fill(['address', addressOf('a')]))
    expect(hall.come('b', kind)).toBeDefined()
  })

  test('of all addresses are bounded, and the one with most gives its oldest up to those with fewer', () => {
    const hall = newHall()
    const crowd = manyOf(20, () => hall.come('a', kind))
    const rest = manyOf(share - 20, (i) => hall.come(`b${String(i)}`, kind))
    expect(crowd.length + rest.length).toBe(share)
    expect(hall.come('c', kind)).toBeDefined()
    expect(hall.ended).toEqual([crowd[0]])
    expect(hall.turnedAway).toEqual([['crowded', addressOf('a')]])
    expect(hall.come('a', kind)).toBeUndefined()
  })

  test('are free again when their connections are closed, once each', () => {
    const hall = newHall({ unprovenPerAddress: 1 })
    const place = hall.come('a', kind)
    expect(hall.come('a', kind)).toBeUndefined()
    for (const _ of [1, 2]) if (place !== undefined) hall.places.leave(place)
    expect(manyOf(2, () => hall.come('a', kind)).length).toBe(1)
  })

  test('however few connections are allowed, 16 of them fit', () => {
    const hall = newHall({ maxConnections: 16, maxTransfers: 1 })
    expect(manyOf(30, (i) => hall.come(`a${String(i)}`, kind)).length).toBe(16)
  })
})

test('shares are of what the machine has room for, where that is less than what is allowed', () => {
  const limits = { maxConnections: 100_000, maxTransfers: 10_000, fits: 400, unprovenPerAddress: Infinity }
  const many = (kind: PlaceKind): number => {
    const hall = newHall(limits)
    return manyOf(1_000, (i) => hall.come(`a${String(i % 50)}`, kind)).filter(({ isOver }) => !isOver).length
  }
  expect((['unfinished', 'guest', 'asking', 'transferring'] as const).map(many)).toEqual([100, 100, 25, 100])
})

test('connections of one /64 of IPv6 are of one address, and those of an IPv4 address are, however it is written', () => {
  const hall = newHall({ unprovenPerAddress: 1 })
  expect(hall.come('2001:db8:1:2::1')).toBeDefined()
  expect(hall.come('2001:db8:1:2:ffff::2')).toBeUndefined()
  expect(hall.come('2001:db8:1:3::1')).toBeDefined()
  expect(hall.come('192.0.2.1')).toBeDefined()
  expect(hall.come('::ffff:192.0.2.1')).toBeUndefined()
})

test('a /48 of IPv6 is one crowd, however many addresses it has', () => {
  const hall = newHall()
  const crowd = manyOf(60, (i) => hall.come(`2001:db8:1:${i.toString(16)}::1`))
  expect(crowd.length).toBe(25)
  expect(hall.come('2001:db8:2::1')).toBeDefined()
  expect(hall.ended).toEqual([crowd[0]])
})

describe('who has proved something', () => {
  test('takes every place, in the end those of guests, and is turned away by his like alone', () => {
    const hall = newHall({ maxConnections: 40 })
    const guests = manyOf(16, (i) => hall.come(`g${String(i)}`, 'guest'))
    expect(manyOf(60, () => hall.come('d', 'proven')).length).toBe(40)
    expect(hall.ended.filter((place) => guests.includes(place)).length).toBe(16)
    expect(hall.turnedAway.filter(([because]) => because === 'connections')).toEqual(Array(20).fill(['connections', addressOf('d')]))
    expect(hall.come('g', 'guest')).toBeUndefined()
  })

  test('finds a place beside any number of unfinished ones and guests', () => {
    const hall = newHall()
    for (const kind of ['unfinished', 'guest', 'claimant'] as const) manyOf(200, (i) => hall.come(`a${String(i % 10)}`, kind))
    expect(manyOf(75, () => hall.come('d', 'proven')).length).toBe(75)
  })
})

test('those who wait to be decided are half of the connections allowed at most, and shared like the others', () => {
  const hall = newHall({ maxConnections: 12 })
  const [first, ...others] = manyOf(7, () => hall.come('a', 'claimant'))
  expect(others.length).toBe(5)
  expect(hall.come('b', 'claimant')).toBeDefined()
  expect(hall.ended).toContain(first)
})

test('a guest stays for its life, an unfinished one until its deadline, and who has proved something for as long as it likes', () => {
  const hall = newHall()
  const [guest, unfinished] = [hall.come('a', 'guest'), hall.come('a')]
  hall.come('a', 'proven')
  hall.clock = 29_999
  hall.places.sweep()
  expect(hall.ended).toEqual([])
  hall.clock = 30_000
  hall.places.sweep()
  expect(hall.ended).toEqual([unfinished])
  hall.clock = 900_000
  hall.places.sweep()
  hall.clock = 9_000_000
  hall.places.sweep()
  expect(hall.ended).toEqual([unfinished, guest])
  expect(hall.turnedAway.map(([because]) => because)).toEqual(['unfinished', 'life'])
})

test('behind a proxy the address that is told counts, and until then none', () => {
  const hall = newHall({ unprovenPerAddress: 1 }, (address) => address !== addressOf('f'))
  const waiting = [0, 1, 2].map(() => hall.places.enter(undefined, () => undefined))
  expect(waiting.every((place) => place !== undefined)).toBe(true)
  const told = ['a', 'a', 'f'].map((name, i) => waiting[i] !== undefined && hall.places.tell(waiting[i], addressOf(name)))
  expect(told).toEqual([true, false, false])
  expect(hall.turnedAway).toEqual([
    ['address', addressOf('a')],
    ['rate', addressOf('f')],
  ])
})

test('what is over takes no place any more, whatever becomes known of it', () => {
  const hall = newHall({ unprovenPerAddress: 1, maxTransfers: 1 })
  const place = hall.come('a')
  if (place === undefined) throw new Error('it was turned away')
  hall.places.leave(place)
  for (const kind of ['claimant', 'guest', 'proven', 'asking', 'transferring'] as const) expect(hall.places.move(place, kind)).toBe(false)
  expect(hall.places.tell(place, addressOf('a'))).toBe(false)
  for (const kind of ['guest', 'transferring'] as const) expect(hall.come('a', kind)).toBeDefined()
})

test('whatever comes and goes, no share is exceeded, and nobody is turned away for an address that has more', () => {
  const step = fc.record({ address: fc.constantFrom('a', 'b', 'c', 'd'), leaves: fc.boolean(), which: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const hall = newHall({ maxConnections: 16 })
      let standing: Place[] = []
      const countOf = (address: string): number => standing.filter((place) => place.address === addressOf(address)).length
      for (const { address, leaves, which } of steps) {
        const leaving = leaves ? standing[which % Math.max(1, standing.length)] : undefined
        if (leaving !== undefined) {
          hall.places.leave(leaving)
          standing = standing.filter((place) => place !== leaving)
          continue
        }
        const before = ['a', 'b', 'c', 'd'].map(countOf)
        const place = hall.come(address)
        if (place !== undefined) standing.push(place)
        else expect(countOf(address) + 1).toBeGreaterThanOrEqual(Math.max(...before))
        standing = standing.filter(({ isOver }) => !isOver)
        expect(standing.length).toBeLessThanOrEqual(16)
        if (place === undefined) expect(standing.length).toBe(16)
      }
    }),
  )
})

test('a crowd knows how many the address with most has, and who has been there for longest', () => {
  const members = fc.array(fc.record({ address: fc.constantFrom('a', 'b', 'c'), isAdded: fc.boolean(), which: fc.nat() }))
  fc.assert(
    fc.property(members, (steps) => {
      const crowd = new Crowd<{ readonly address: string }>(({ address }) => address)
      const inside: { readonly address: string }[] = []
      for (const { address, isAdded, which } of steps) {
        const leaving = isAdded ? undefined : inside[which % Math.max(1, inside.length)]
        if (isAdded) {
          const member = { address }
          inside.push(member)
          crowd.add(member)
        } else if (leaving !== undefined) {
          inside.splice(inside.indexOf(leaving), 1)
          crowd.remove(leaving)
        }
        const counts = new Map(['a', 'b', 'c'].map((name) => [name, inside.filter((one) => one.address === name).length]))
        expect([crowd.size, crowd.most]).toEqual([inside.length, Math.max(...counts.values())])
        const oldest = crowd.oldestOfMost()
        if (inside.length > 0) expect(counts.get(oldest?.address ?? '')).toBe(crowd.most)
        expect(oldest).toBe(inside.find((one) => one.address === oldest?.address))
      }
    }),
  )
})
