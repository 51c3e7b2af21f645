import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Budget, spend } from '../../../rpc/budgets/budget.js'
import { budgets } from '../../../rpc/documents/index.js'
import { protocolLimits } from '../../../rpc/context.js'
import { isExpired } from '../../../rpc/runtime/worker/sweep.js'

const budget: Budget = { of: 'people', who: '380670001234', amount: 10, windowMs: 10_000 }
const start = 1_700_000_000_000

const uses = fc.array(fc.record({ after: fc.integer({ min: 0, max: 4_000 }), count: fc.integer({ min: 1, max: 12 }) }), { maxLength: 60 })

test('a window never gets more than twice the amount, and a refusal names the first moment at which the same succeeds', () => {
  fc.assert(
    fc.property(uses, (list) => {
      let [now, backAt] = [start, undefined as number | undefined]
      const used: { readonly at: number; readonly count: number }[] = []
      for (const { after, count } of list) {
        now += after
        const spending = spend([{ budget, backAt }], count, now)
        if (spending.kind === 'spent') {
          backAt = budgets.decode(spending.puts[0]!.value!)
          used.push({ at: now, count })
        } else if (count <= budget.amount) {
          const wait = Math.ceil(spending.waitMs)
          expect(spend([{ budget, backAt }], count, now + wait).kind).toBe('spent')
          expect(spend([{ budget, backAt }], count, now + wait - 1).kind).toBe('short')
        }
        const window = used.filter(({ at }) => at > now - budget.windowMs)
        expect(window.reduce((sum, one) => sum + one.count, 0)).toBeLessThanOrEqual(2 * budget.amount)
      }
    }),
  )
})

test('of two budgets either both are used or neither, and one without a limit stores nothing', () => {
  const other: Budget = { ...budget, of: 'people-address', who: '192.0.2.7', amount: 1 }
  expect(
    spend(
      [
        { budget, backAt: undefined },
        { budget: other, backAt: undefined },
      ],
      2,
      start,
    ),
  ).toMatchObject({ kind: 'short' })
  expect(spend([], 1_000_000, start)).toEqual({ kind: 'spent', puts: [] })
})

test('after the clock was set back by a year nobody waits for it; a row is swept once all has come back', () => {
  const backAt = start + 365 * 24 * 60 * 60_000
  expect(spend([{ budget, backAt }], 1, start).kind).toBe('spent')
  // Set back by less, it costs no more than what is used up would.
  const short = spend([{ budget, backAt: start + 1.5 * budget.windowMs }], 1, start)
  expect(short).toMatchObject({ kind: 'short', waitMs: budget.windowMs / budget.amount })
  const row = { key: budgets.key(budget.of, budget.who), value: budgets.encode(start) }
  expect([start - 1, start].map((now) => isExpired('budget', row, now, protocolLimits))).toEqual([false, true])
})
