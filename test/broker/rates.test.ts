/** Rates, by a clock that nobody can set. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newRateGate } from '../../broker/listeners/address-limits.js'
import { fullBudget, spendOne } from '../../broker/packets/publish-budget.js'
import { reading } from '../clock/readings.js'

describe('the budget of a device', () => {
  const rate = { perSecond: 10, burst: 5 }

  test('lets a burst go on at once, what is more at the rate, and is full again after a rest', () => {
    let budget = fullBudget(rate, reading(0))
    const waits = (at: number, count: number): number[] =>
      Array.from({ length: count }, () => {
        const spent = spendOne(budget, rate, reading(at))
        budget = spent.budget
        return spent.waitMs
      })
    expect(waits(0, 7)).toEqual([0, 0, 0, 0, 0, 100, 200])
    expect(waits(300, 2)).toEqual([0, 100])
    expect(waits(60_000, 6)).toEqual([0, 0, 0, 0, 0, 100])
  })

  test('never lets more than the burst and the rate go on, and makes nobody wait longer than what he has sent takes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 60 }), (pauses) => {
        let [at, budget] = [0, fullBudget(rate, reading(0))]
        const goOn = pauses.map((pause, i) => {
          at += pause
          const spent = spendOne(budget, rate, reading(at))
          budget = spent.budget
          expect(spent.waitMs).toBeLessThanOrEqual(((i + 1) / rate.perSecond) * 1_000)
          return at + spent.waitMs
        })
        goOn.forEach((from) => {
          const within = goOn.filter((one) => one >= from && one < from + 1_000)
          expect(within.length).toBeLessThanOrEqual(rate.burst + rate.perSecond)
        })
      }),
    )
  })
})

describe('a gate', () => {
  test('lets so many through in the time that begins with the first, each key by itself, and then begins anew', () => {
    let clock = 0
    const gate = newRateGate({ points: 2, seconds: 10 }, () => reading(clock))
    const takes = (...keys: readonly string[]): boolean[] => keys.map((key) => gate.take(key))
    expect(takes('a', 'a', 'a', 'b')).toEqual([true, true, false, true])
    clock = 9_999
    expect(takes('a', 'b', 'b')).toEqual([false, true, false])
    clock = 10_000
    expect(takes('a', 'a', 'a', 'b')).toEqual([true, true, false, true])
  })

  test('that is off lets everything through', () => {
    const gate = newRateGate('off')
    expect(Array.from({ length: 1_000 }, () => gate.take('a')).every(Boolean)).toBe(true)
  })
})
