import { budgets } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { RpcContext } from '../context.js'
import type { Phone } from '../../topics/index.js'
import type { Budget, BudgetState } from './budget.js'

const dayMs = 24 * 60 * 60_000

/**
 * How often one account may still put another into rooms, whatever the rosters of both. By pair, so that nobody uses up what others have.
 * @see docs/decisions/0219-being-put-into-rooms.md
 */
export async function readRoomBudget({ limits }: RpcContext, facts: FactReader, by: Phone, whom: Phone): Promise<readonly BudgetState[]> {
  if (limits.roomsPerFriend === Infinity) return []
  const budget: Budget = { of: 'rooms', who: `${by}-${whom}`, amount: limits.roomsPerFriend, windowMs: dayMs }
  // Hardly anybody has been put into a room within a day.
  return [{ budget, backAt: await facts.getRare(budgets, budget.of, budget.who) }]
}
