import type { Put } from '../../../store/contract.js'
import { type Phone, type PhoneId, phoneOf, type RoomId } from '../../../topics/index.js'
import { spend } from '../../budgets/budget.js'
import { readRoomBudget } from '../../budgets/room-budget.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse, refuseAttempts } from '../../outcome.js'
import type { Request } from '../../request.js'
import { isWaiting, wantsToBeAsked } from './invitation.js'
import type { Listed } from './room-state.js'

/** What becomes of friends whom somebody wants in a room. */
export interface Welcome {
  readonly added: readonly Listed[]
  /** They want to be asked, and are: nobody has asked them before. */
  readonly invited: readonly Listed[]
  /** How many others were asked lately and have not answered. */
  readonly waiting: number
  /** Stored with it: how often he has put them into rooms. */
  readonly puts: readonly Put[]
  /** When the first of those can be added whom he has put into too many rooms lately, ms; 0 where there is none. */
  readonly waitMs: number
}

export const nobodyWelcome: Welcome = { added: [], invited: [], waiting: 0, puts: [], waitMs: 0 }

/** Counts for each account how often `by` has put it into rooms, sets aside those for whom it was too often, and tells apart who wants to be asked. */
export async function readWelcome(
  request: Pick<Request, 'context' | 'now'>,
  facts: FactReader,
  room: RoomId,
  { by, friends }: { readonly by: PhoneId; readonly friends: readonly Listed[] },
): Promise<Welcome> {
  const { now } = request
  const accounts = await Promise.all([...byAccount(friends)].map((account) => readAccount(request, facts, by, account)))
  const counted = accounts.flatMap(({ spending, ...account }) => (spending.kind === 'spent' ? [{ ...account, ...spending }] : []))
  const waits = accounts.flatMap(({ spending }) => (spending.kind === 'short' ? [spending.waitMs] : []))
  const asked = new Set(counted.flatMap(({ rosters, isAsked }) => (isAsked ? rosters : [])))
  const added = new Set(counted.flatMap(({ rosters, isAsked }) => (isAsked ? [] : rosters)))
  const waiting = new Set<Listed>()
  for (const one of asked) if (await isWaiting(facts, room, one.phoneId, now)) waiting.add(one)
  return {
    added: friends.filter((one) => added.has(one)),
    invited: friends.filter((one) => asked.has(one) && !waiting.has(one)),
    waiting: waiting.size,
    puts: counted.flatMap(({ puts }) => puts),
    waitMs: waits.length === 0 ? 0 : Math.min(...waits),
  }
}

/** What an account allows, of which these rosters are listed. */
async function readAccount(
  request: Pick<Request, 'context' | 'now'>,
  facts: FactReader,
  by: PhoneId,
  [phone, rosters]: readonly [Phone, readonly Listed[]],
) {
  const [budget, isAsked] = await Promise.all([
    readRoomBudget(request.context, facts, phoneOf(by), phone),
    wantsToBeAsked(request, facts, phone),
  ])
  return { rosters, isAsked, spending: spend(budget, rosters.length, request.now) }
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
