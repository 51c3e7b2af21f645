/** Dates that outlive a change of the clock, and what destroys because time has passed. */
import { describe, expect, test } from '@jest/globals'
import { isRecent, isStillBefore, settledClock } from '../../clock/index.js'
import { reading } from './readings.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = 1_700_000_000_000

for (const { rule, at, is } of [
  { rule: 'just before', at: now - 1, is: true },
  { rule: 'a minute before', at: now - minute, is: false },
  { rule: 'a little ahead, the clock having been set back', at: now + minute - 1, is: true },
  { rule: 'an hour ahead', at: now + hour, is: false },
])
  test(`a date ${rule} is ${is ? '' : 'not '}recent within a minute`, () => {
    expect(isRecent(at, minute, now)).toBe(is)
  })

for (const { rule, until, is } of [
  { rule: 'the whole minute ahead', until: now + minute, is: true },
  { rule: 'reached', until: now, is: false },
  { rule: 'two minutes ahead, the clock having been set back by one', until: now + 2 * minute, is: true },
  { rule: 'an hour ahead', until: now + hour, is: false },
])
  test(`an end that was a minute ahead and is ${rule} is ${is ? 'still to come' : 'over'}`, () => {
    expect(isStillBefore(until, minute, now)).toBe(is)
  })

describe('the clock of what destroys', () => {
  /** What it shows at each of these readings, as days since the first one. */
  function shown(readings: readonly (readonly [elapsed: number, wall: number])[]): readonly number[] {
    let [elapsed, wall] = [0, 0]
    const clock = settledClock({ now: () => wall, elapsed: () => reading(elapsed) }, day)
    return readings.map((one) => {
      ;[elapsed, wall] = one
      return clock() / day
    })
  }

  test('goes with the wall clock, follows it back at once, and forward only after the patience', () => {
    expect(shown([[day, day + minute]])).toEqual([1 + minute / day])
    expect(
      shown([
        [day, -9 * day],
        [2 * day, -8 * day],
      ]),
    ).toEqual([-9, -8])
    expect(
      shown([
        [day, 400 * day],
        [2 * day - 1, 401 * day - 1],
        [2 * day, 401 * day],
        [3 * day, 402 * day],
      ]),
    ).toEqual([1, 2 - 1 / day, 401, 402])
  })

  test('has seen nothing of a jump that was taken back within the patience, and waits anew for the next one', () => {
    expect(
      shown([
        [day, 400 * day],
        [1.5 * day, 1.5 * day],
        [2 * day, 401 * day],
        [2.9 * day, 401.9 * day],
      ]),
    ).toEqual([1, 1.5, 2, 2.9])
  })
})
