import type { Put } from '../../store/contract.js'
import type { Phone } from '../../topics/index.js'
import { type BudgetState, readBudgets, spend } from '../budgets/budget.js'
import { siteLevel, type VerifiedSite } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { type Refused, refuseAttempts } from '../outcome.js'
import type { Request } from '../request.js'
import { isVerifiedSite, readSites } from './sites.js'

const dayMs = 24 * 60 * 60_000

/**
 * Wrong codes that may still be given from the caller's address. Each code is burnt by five of them; this bounds how many codes of how many
 * numbers one address may try its luck with.
 * @see docs/decisions/0201-wrong-codes.md
 */
export function readTryBudget(
  { caller, context }: Pick<Request, 'caller' | 'context'>,
  facts: FactReader,
): Promise<readonly BudgetState[]> {
  const who = siteLevel(caller.address)
  return readBudgets(facts, [{ of: 'code-tries', who, amount: context.limits.wrongCodesPerAddress, windowMs: dayMs }])
}

/** What trying a code rests on. */
export interface TryFacts {
  /** Of the number; none for a mail. */
  readonly sites: readonly VerifiedSite[]
  /** Empty where the tries of the caller's address are not counted. */
  readonly budgets: readonly BudgetState[]
}

/** The facts of a try at a code that was sent to this number, or by mail. */
export async function readTries(request: Request, facts: FactReader, number: Phone | undefined): Promise<TryFacts> {
  const sites = number === undefined ? [] : await readSites(facts, number)
  // Who has held a code of this number here may mistype this one, whatever others behind the address do: there are few of them.
  return { sites, budgets: isVerifiedSite(sites, request) ? [] : await readTryBudget(request, facts) }
}

/** What one more wrong code comes to. */
export type WrongTry = Refused | { readonly kind: 'counted'; readonly puts: readonly Put[] }

/**
 * Counts a wrong code against the address it came from. To be asked before a code is compared: where it is refused, a right one is too.
 * @refuses `attempts_expired`, with when the address may try again
 */
export function countTry({ budgets }: TryFacts, now: number): WrongTry {
  const spending = spend(budgets, 1, now)
  if (spending.kind === 'short') return refuseAttempts(spending.waitMs, 'too many wrong codes from this address', spending.budget)
  return { kind: 'counted', puts: spending.puts }
}
