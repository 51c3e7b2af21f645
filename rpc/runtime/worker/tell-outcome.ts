import { monotonicMs } from '../../../clock/index.js'
import type { Budget } from '../../budgets/budget.js'
import { siteBudgets } from '../../codes/code-budget.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import { countedAs, type Counts } from './counts.js'
import type { NamedItem } from './requests.js'
import type { BatchWorld } from './batch.js'

/** Counts what requests come to, and tells the operator of those that he will want to look at. */
export function newOutcomeTeller(counts: Counts, post: (message: ControlToMain) => void): BatchWorld['onOutcome'] {
  const tellShort = newShortTeller(post)
  return (item, outcome) => {
    const counted = countedAs(outcome)
    if (counted !== undefined) counts.request((item as NamedItem).name(), counted)
    if (outcome.kind === 'refused' && outcome.short !== undefined) tellShort(outcome.short)
  }
}

const minuteMs = 60_000
/** So many lines a minute: whoever is refused may come again at once, under any number. */
const linesPerMinute = 10

/** Without the number of a shard. */
function addressIn(who: string): string {
  return who.split(' ')[0] ?? who
}

/**
 * Which budgets for codes are used up, each once a minute: an address that asks for many is worth a look, and a total that is reached turns
 * everybody away. Numbers of people are not logged.
 */
function newShortTeller(post: (message: ControlToMain) => void): (short: Budget) => void {
  let told = new Set<string>()
  let since = monotonicMs()
  return ({ of, who }) => {
    const now = monotonicMs()
    if (now - since >= minuteMs) [told, since] = [new Set(), now]
    const site = siteBudgets.has(of) ? { address: addressIn(who) } : {}
    const key = `${of} ${site.address ?? ''}`
    if (told.has(key) || told.size >= linesPerMinute) return
    told.add(key)
    const fields = { event: 'codes-limited', of, ...site }
    post({ kind: 'log', level: 'warn', fields, text: 'codes are refused: as many were asked for as are allowed' })
  }
}
