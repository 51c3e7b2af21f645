import { addressLevel } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { type Refused, refuseAttempts } from '../outcome.js'
import type { Request } from '../request.js'
import { type BudgetState, readBudgets, type Spending, spend } from './budget.js'

const dayMs = 24 * 60 * 60_000

/**
 * What the caller may still ask about people he does not know: by account, whatever its rosters and devices, and by address.
 * @see docs/decisions/0205-a-budget-for-asking-about-people.md
 */
export function readPeopleBudgets(
  { caller, context }: Pick<Request, 'caller' | 'context'>,
  facts: FactReader,
): Promise<readonly BudgetState[]> {
  const { client, address } = caller
  const { peoplePerAccount, peoplePerAddress } = context.limits
  return readBudgets(facts, [
    ...(client.kind === 'device' ? [{ of: 'people', who: client.phone, amount: peoplePerAccount, windowMs: dayMs }] : []),
    { of: 'people-address', who: addressLevel(address), amount: peoplePerAddress, windowMs: dayMs },
  ])
}

/** Counts so many people. @refuses `attempts_expired`, with when enough will have come back */
export function askAbout(states: readonly BudgetState[], people: number, now: number): Refused | (Spending & { readonly kind: 'spent' }) {
  const spending = spend(states, people, now)
  return spending.kind === 'spent' ? spending : refuseAttempts(spending.waitMs, 'too many people were asked about')
}
