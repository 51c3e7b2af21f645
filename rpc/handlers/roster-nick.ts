import { err, type Roster } from '../../protocol/index.js'
import type { Put } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import type { BudgetState } from '../budgets/budget.js'
import { askAbout, readPeopleBudgets } from '../budgets/people-budget.js'
import { nicks } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, type Refused, refuse } from '../outcome.js'
import type { Request } from '../request.js'
import { isNick } from './roster-fields.js'

/** What taking a nick rests on. */
export interface NickFacts {
  /** Checked at commit, so that of two simultaneous requests one is refused. */
  readonly holder: PhoneId | undefined
  /** Of the caller: whether a nick is taken tells of somebody he may not know. Empty where nothing is told. */
  readonly budgets: readonly BudgetState[]
}

/** What is known of the nick that a request asks for `phoneId`. */
export async function readNick(request: Request<Roster>, facts: FactReader, phoneId: PhoneId): Promise<NickFacts> {
  const { nick } = request.record
  if (nick === null || nick === '' || !isNick(nick)) return { holder: undefined, budgets: [] }
  const holder = await facts.get(nicks, nick.toLowerCase())
  return { holder, budgets: holder === phoneId ? [] : await readPeopleBudgets(request, facts) }
}

/** The outcome of a request with a nick, counted; what is refused for the nick is answered as it would be otherwise. */
export function countNick({ budgets }: NickFacts, now: number, decide: () => Outcome): Outcome {
  const counted = askAbout(budgets, budgets.length === 0 ? 0 : 1, now)
  if (counted.kind === 'refused') return counted
  const outcome = decide()
  if (counted.puts.length === 0 || outcome.kind === 'dropped') return outcome
  if (outcome.kind === 'accepted') return { ...outcome, puts: [...outcome.puts, ...counted.puts] }
  return outcome.code === 'nick' ? { ...accept({ puts: counted.puts, sends: [answer(err('nick'))] }), refused: outcome } : outcome
}

/** Whether a roster may take a nick: well-formed, and held by nobody else, case ignored. @refuses `invalid_nick`; `nick` if taken */
export function checkNick(nick: string, holder: PhoneId | undefined, phoneId: PhoneId): Refused | undefined {
  if (!isNick(nick)) return refuse('invalid_nick', 'a nick is 2 to 32 letters, digits and underscores')
  return holder === undefined || holder === phoneId ? undefined : refuse('nick', 'held by another roster')
}

/** Moves the reservation from the old nick to the new one; null or empty stands for none. */
export function reserveNick(phoneId: PhoneId, old: string | null, nick: string): readonly Put[] {
  const oldKey = old?.toLowerCase() ?? ''
  const key = nick.toLowerCase()
  if (key === oldKey) return []
  return [...(oldKey === '' ? [] : [nicks.remove(oldKey)]), ...(key === '' ? [] : [nicks.put(phoneId, key)])]
}
