import type { Put } from '../../../store/contract.js'
import { type Phone, type PhoneId, phoneOf } from '../../../topics/index.js'
import { spend } from '../../budgets/budget.js'
import { readRoomBudget } from '../../budgets/room-budget.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse, refuseAttempts } from '../../outcome.js'
import type { Request } from '../../request.js'
import type { Listed } from './room-state.js'

/** What becomes of friends whom somebody wants in a room. */
export interface Welcome {
  readonly added: readonly Listed[]
  /** Stored with it: how often he has put them into rooms. */
  readonly puts: readonly Put[]
  /** When the first of those can be added whom he has put into too many rooms lately, ms; 0 where there is none. */
  readonly waitMs: number
}

export const nobodyWelcome: Welcome = { added: [], puts: [], waitMs: 0 }

/** Counts for each account how often `by` has put it into rooms, and sets aside those for whom it was too often. */
export async function readWelcome(
  { context, now }: Pick<Request, 'context' | 'now'>,
  facts: FactReader,
  by: PhoneId,
  friends: readonly Listed[],
): Promise<Welcome> {
  const added = new Set<Listed>()
  const puts: Put[] = []
  const waits: number[] = []
  for (const [phone, rosters] of byAccount(friends)) {
    const spending = spend(await readRoomBudget(context, facts, phoneOf(by), phone), rosters.length, now)
    if (spending.kind === 'short') waits.push(spending.waitMs)
    else {
      for (const one of rosters) added.add(one)
      puts.push(...spending.puts)
    }
  }
  return { added: friends.filter((one) => added.has(one)), puts, waitMs: waits.length === 0 ? 0 : Math.min(...waits) }
}

function byAccount(listed: readonly Listed[]): ReadonlyMap<Phone, readonly Listed[]> {
  const accounts = new Map<Phone, Listed[]>()
  for (const one of listed) {
    const phone = phoneOf(one.phoneId)
    accounts.set(phone, [...(accounts.get(phone) ?? []), one])
  }
  return accounts
}

/** Why nobody of those listed is added. @refuses `attempts_expired` where waiting helps, else `contacts_not_found` */
export function refuseUnwelcome({ waitMs }: Welcome, because: string): Refused {
  return waitMs > 0 ? refuseAttempts(waitMs, 'they were put into too many rooms lately') : refuse('contacts_not_found', because)
}
