import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Parcel } from '../../delivery/index.js'
import { Pump } from '../../delivery/pump.js'
import type { Linked, PumpPage, PumpPageEntry } from '../../delivery/pump-world.js'

/** A packet as a device reads it: `ask` is a page of the inbox that was asked for, `settle` what the store was told. */
type Seen =
  | { readonly kind: 'publish'; readonly id: number; readonly dup: boolean }
  | { readonly kind: 'pubrel'; readonly id: number }
  | { readonly kind: 'ask'; readonly after: number }
  | { readonly kind: 'settle'; readonly settledTo: number; readonly releasedTo: number }
  | { readonly kind: 'stuck' }

interface Start {
  readonly settledTo?: number
  readonly releasedTo?: number
  readonly sentTo?: number
}

/** A connection with a window of two that has just been opened. */
function open({ settledTo = 0, releasedTo = settledTo, sentTo = 0 }: Start = {}, windowSize = 2) {
  const seen: Seen[] = []
  const link = {
    waitingBytes: 0,
    send: (_parcel: Parcel, _number: number, id: number, dup: boolean) => seen.push({ kind: 'publish', id, dup }) > 0,
    release: (id: number) => seen.push({ kind: 'pubrel', id }),
  }
  const nothing = (): void => undefined
  const pump = new Pump(
    {
      ...{ windowSize, queueLimit: 100, queueBytes: 1_000_000, answerBytes: 100, maxBufferedBytes: 1_000_000 },
      drainTimeoutMs: 60_000,
      requestPage: (_owner, after) => seen.push({ kind: 'ask', after }),
      settle: (_owner, to, released) => seen.push({ kind: 'settle', settledTo: to, releasedTo: released }),
      ...{ onStuck: () => seen.push({ kind: 'stuck' }), onSent: nothing, onKept: nothing },
    },
    { link } as unknown as Linked,
  )
  pump.open({ settledTo, releasedTo, sentTo })
  const sent = () => seen.flatMap((one) => (one.kind === 'publish' ? [{ number: one.id, dup: one.dup }] : []))
  const marks = () => seen.flatMap((one) => (one.kind === 'settle' ? [[one.settledTo, one.releasedTo]] : []))
  return { pump, seen, sent, marks }
}

function entry(number: number, qos: 1 | 2 = 1): PumpPageEntry {
  return { kind: 'publish', number, parcel: { size: 6, qos } }
}

function withdrawn(number: number, qos: 1 | 2): PumpPageEntry {
  return { kind: 'empty', number, qos }
}

type Place = 'publish' | 'withdrawn' | 'missing'

/** What a store that holds these places answers. */
function pageOf(places: readonly Place[], after: number, limit: number): PumpPage {
  const kept = places.flatMap((place, i) => {
    if (i < after || place === 'missing') return []
    return place === 'publish' ? entry(i + 1) : withdrawn(i + 1, 2)
  })
  const entries = kept.slice(0, limit)
  return { after, through: kept.length < limit ? places.length : (entries.at(-1)?.number ?? 0), last: places.length, entries }
}

/** A connection that has been sent `before`, and the inbox entries 1 to 6 of which it is sent what fits. */
function connect(settledTo: number, sentTo: number) {
  const connection = open({ settledTo, sentTo })
  const entries = [1, 2, 3, 4, 5, 6].filter((number) => number > settledTo).map((number) => entry(number))
  connection.pump.page({ after: settledTo, through: 6, last: 6, entries })
  return connection
}

test('what was sent on any earlier connection is repeated with DUP, though the one before got less far', () => {
  const first = connect(0, 0)
  for (const id of [2, 3, 4]) first.pump.acknowledged(id)
  expect(first.sent().map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
  // The first entry is not acknowledged: all is sent again, and the second connection ends after two of them.
  const second = connect(0, first.pump.close())
  expect(second.sent()).toEqual([1, 2].map((number) => ({ number, dup: true })))
  const third = connect(0, second.pump.close())
  for (const id of [1, 2, 3, 4, 5]) third.pump.acknowledged(id)
  expect(third.sent()).toEqual([1, 2, 3, 4, 5, 6].map((number) => ({ number, dup: number < 6 })))
})

test('what was never sent comes without DUP', () => {
  expect(
    connect(0, 0)
      .sent()
      .map(({ dup }) => dup),
  ).toEqual([false, false])
  expect(
    connect(0, 1)
      .sent()
      .map(({ dup }) => dup),
  ).toEqual([true, false])
})

describe('an empty place', () => {
  test('is passed over without a packet and counts as acknowledged once all before it is', () => {
    const { pump, sent, marks } = open()
    pump.page({ after: 0, through: 6, last: 6, entries: [entry(2), withdrawn(3, 1), entry(5)] })
    expect(sent().map(({ number }) => number)).toEqual([2, 5])
    expect(marks()).toEqual([[1, 1]])
    pump.acknowledged(5)
    expect(marks()).toEqual([[1, 1]])
    pump.acknowledged(2)
    expect(marks().at(-1)).toEqual([6, 6])
  })

  test('does not stall a page or an inbox of nothing else', () => {
    const { pump, seen } = open()
    pump.page({ after: 0, through: 64, last: 70, entries: Array.from({ length: 64 }, (_, i) => withdrawn(i + 1, 2)) })
    pump.page({ after: 64, through: 70, last: 70, entries: [] })
    pump.deliver(71, { size: 6, qos: 1 })
    expect(seen).toEqual([
      { kind: 'ask', after: 0 },
      { kind: 'settle', settledTo: 64, releasedTo: 64 },
      { kind: 'ask', after: 64 },
      { kind: 'settle', settledTo: 70, releasedTo: 70 },
      { kind: 'publish', id: 71, dup: false },
    ])
  })

  test('between two entries of QoS 2 lets the mark of PUBREC pass', () => {
    const { pump, marks } = open()
    pump.page({ after: 0, through: 3, last: 3, entries: [entry(1, 2), entry(3, 2)] })
    void pump.received(1)
    expect(marks().at(-1)).toEqual([0, 2])
    void pump.received(3)
    expect(marks().at(-1)).toEqual([0, 3])
  })

  test('that may have been sent before is released by PUBREL at QoS 2, in order and once that is stored, and settled by PUBCOMP', async () => {
    const { pump, seen } = open({ releasedTo: 1, sentTo: 3 }, 10)
    pump.page({ after: 0, through: 5, last: 5, entries: [withdrawn(1, 2), withdrawn(2, 2), withdrawn(3, 1), withdrawn(4, 2), entry(5, 2)] })
    const sent = [
      { kind: 'pubrel', id: 1 },
      { kind: 'publish', id: 5, dup: false },
    ]
    expect(seen.filter(({ kind }) => kind.startsWith('pub'))).toEqual(sent)
    pump.released(4)
    await Promise.resolve()
    expect(seen.filter(({ kind }) => kind.startsWith('pub'))).toEqual([...sent, { kind: 'pubrel', id: 2 }])
    pump.acknowledged(2)
    expect(seen.at(-1)).toEqual({ kind: 'pubrel', id: 2 })
    pump.acknowledged(1)
    expect(seen.at(-1)).toEqual({ kind: 'settle', settledTo: 4, releasedTo: 4 })
  })

  test('of a great many lets no packet id stand for two messages at a time', () => {
    const { pump, sent } = open()
    pump.page({ after: 0, through: 32_769, last: 32_769, entries: [entry(1), entry(32_769)] })
    expect(sent()).toEqual([{ number: 1, dup: false }])
    pump.acknowledged(1)
    expect(sent()).toEqual([1, 1].map((number) => ({ number, dup: false })))
  })

  test('wherever they lie and in whatever order the rest is acknowledged, all is settled and only the rest is sent, in order', () => {
    const inbox = fc.array(fc.constantFrom<Place>('publish', 'withdrawn', 'missing'), { maxLength: 40 })
    fc.assert(
      fc.property(inbox, fc.integer({ min: 1, max: 7 }), fc.infiniteStream(fc.nat()), (places, limit, choices) => {
        const { pump, seen, sent, marks } = open({}, 3)
        const unacknowledged = new Set<number>()
        let read = 0
        do {
          for (; read < seen.length; read++) {
            const one = seen[read]
            if (one?.kind === 'publish') unacknowledged.add(one.id)
            if (one?.kind === 'ask' && one.after < places.length) pump.page(pageOf(places, one.after, limit))
          }
          const next = Number(choices.next().value)
          const id = [...unacknowledged][next % unacknowledged.size] ?? 0
          unacknowledged.delete(id)
          pump.acknowledged(id)
          // From the first one that is left on nothing is settled.
          expect(marks().at(-1)?.[0] ?? 0).toBeLessThan(Math.min(places.length + 1, ...unacknowledged))
        } while (read < seen.length || unacknowledged.size > 0)
        expect(sent().map(({ number }) => number)).toEqual(places.flatMap((place, i) => (place === 'publish' ? [i + 1] : [])))
        expect(marks().at(-1)?.[0] ?? 0).toBe(places.length)
      }),
    )
  })
})

describe('answers', () => {
  const answer = (bytes: number) => ({ size: bytes + 7, qos: 1 }) as const

  test('count by their bytes while they wait, and end the connection that lets too many of them wait', () => {
    const { pump, seen, sent } = open()
    for (let i = 0; i < 2; i++) pump.answer(answer(90))
    expect(pump.unreadBytes).toBe(0)
    pump.answer(answer(40))
    pump.answer(answer(40))
    expect(pump.unreadBytes).toBe(2 * answer(40).size)
    expect(seen).not.toContainEqual({ kind: 'stuck' })
    pump.acknowledged(sent()[0]!.number)
    expect(pump.unreadBytes).toBe(answer(40).size)
    pump.answer(answer(90))
    expect(seen).toContainEqual({ kind: 'stuck' })
  })
})

describe('all up to a number is acknowledged', () => {
  type Step = { readonly kind: 'commit' } | { readonly kind: 'page' } | { readonly kind: 'acknowledge'; readonly part: number }
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant({ kind: 'commit' } as const),
    fc.constant({ kind: 'page' } as const),
    fc.record({ kind: fc.constant('acknowledge' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  )

  test('whatever has been sent of it: nothing of it is sent any more, all behind it is, in order and once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.array(step, { maxLength: 40 }), (before, steps) => {
        const { pump, seen, sent } = open({}, 3)
        let committed = before
        let acknowledged = 0
        let answered = 0
        const asked = (): readonly number[] => seen.flatMap((one) => (one.kind === 'ask' ? [one.after] : []))
        const answerPage = (): void => {
          const after = asked()[answered]
          if (after === undefined) return
          answered++
          const numbers = Array.from({ length: committed }, (_, i) => i + 1).filter((number) => number > after)
          const page = numbers.slice(0, 4)
          pump.page({ after, through: page.at(-1) ?? after, last: committed, entries: page.map((number) => entry(number)) })
        }
        const acknowledge = (number: number): void => {
          acknowledged = Math.max(acknowledged, Math.min(number, pump.newest))
          pump.acknowledgedTo(number)
        }
        let looked = 0
        const look = (): void => {
          const numbers = sent().map(({ number }) => number)
          for (const number of numbers.slice(looked)) expect(number).toBeGreaterThan(acknowledged)
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
          looked = numbers.length
        }
        for (const one of steps) {
          if (one.kind === 'commit') pump.deliver(++committed, { size: 6, qos: 1 })
          else if (one.kind === 'page') answerPage()
          else acknowledge(Math.round(one.part * pump.newest))
          look()
        }
        for (let round = 0; round <= 2 * committed + 2; round++) {
          while (answered < asked().length) answerPage()
          look()
          acknowledge(sent().at(-1)?.number ?? 0)
        }
        expect(pump.settledTo).toBe(committed)
      }),
    )
  })
})
