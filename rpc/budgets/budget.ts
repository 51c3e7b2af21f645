import { isStillBefore } from '../../clock/index.js'
import type { Put } from '../../store/contract.js'
import { budgets } from '../documents/index.js'
import type { FactReader } from '../facts.js'

/**
 * How much somebody may use of something: `amount` at once, which comes back evenly over `windowMs`. So a stretch of any length gets at most
 * `amount` and what has come back meanwhile, and a refusal can say when enough will be back. `amount` Infinity: no limit, and nothing is stored.
 */
export interface Budget {
  /** What is counted. */
  readonly of: string
  /** By whom: something that a peer cannot cheaply vary. */
  readonly who: string
  readonly amount: number
  readonly windowMs: number
}

/** A budget, and what the store holds of it. */
export interface BudgetState {
  readonly budget: Budget
  /** When all of it will have come back. */
  readonly backAt: number | undefined
}

/** What using some of several budgets comes to: rows to store in the commit that uses it, or how long to wait, and for which of them. */
export type Spending =
  { readonly kind: 'spent'; readonly puts: readonly Put[] } | { readonly kind: 'short'; readonly waitMs: number; readonly budget: Budget }

/** The budgets that are limited, checked at commit: of two requests at once none is forgotten. */
export function readBudgets(facts: FactReader, wanted: readonly Budget[]): Promise<readonly BudgetState[]> {
  const limited = wanted.filter(({ amount }) => amount !== Infinity)
  return Promise.all(limited.map(async (budget) => ({ budget, backAt: await facts.get(budgets, budget.of, budget.who) })))
}

/**
 * Uses `count` of each budget, or of none. More than a whole budget is short for as long as the whole takes to come back.
 * @param now ms since 1970 UTC; a row from before the clock was set back counts as void, as in `isStillBefore`
 */
export function spend(states: readonly BudgetState[], count: number, now: number): Spending {
  if (count === 0) return { kind: 'spent', puts: [] }
  const after = states.map(({ budget, backAt }) => ({
    budget,
    backAt: usedUntil(budget, backAt, now) + (count * budget.windowMs) / budget.amount,
  }))
  let short: (Spending & { readonly kind: 'short' }) | undefined
  for (const { budget, backAt } of after) {
    const waitMs = Math.min(backAt - now - budget.windowMs, budget.windowMs)
    if (waitMs > (short?.waitMs ?? 0)) short = { kind: 'short', waitMs, budget }
  }
  if (short !== undefined) return short
  return { kind: 'spent', puts: after.map(({ budget, backAt }) => budgets.put(Math.ceil(backAt), budget.of, budget.who)) }
}

function usedUntil({ windowMs }: Budget, backAt: number | undefined, now: number): number {
  if (backAt === undefined || !isStillBefore(backAt, windowMs, now)) return now
  // Later than this it was written before the clock was set back: nobody has used more than all.
  return Math.min(backAt, now + windowMs)
}
