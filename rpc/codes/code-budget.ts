import { createHash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import type { Phone } from '../../topics/index.js'
import { type Budget, type BudgetState, readBudgets, spend, type Spending } from '../budgets/budget.js'
import type { RpcLimits } from '../context.js'
import { siteLevel } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { Request } from '../request.js'
import { isVerifiedSite, readSites } from './sites.js'
import { readTryBudget } from './tries.js'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/** Whom a code is for: who is to be spared, and whom no peer can vary without a victim of another number. */
export type CodeReceiver = { readonly kind: 'number'; readonly number: Phone } | { readonly kind: 'mail'; readonly address: string }

/** What codes may still be made. */
export interface CodeBudgets {
  /** For everybody: of the receiver, of the address, and in total. */
  readonly common: readonly BudgetState[]
  /** Wrong codes that the address may still give: without one left another code is of no use to it. */
  readonly tries: readonly BudgetState[]
  /** Kept for who asks from a site where the number was verified before, when the common ones are used up; null for others. */
  readonly kept: readonly BudgetState[] | null
}

/**
 * What codes may still be made: for the receiver in an hour and a day, of which one address gets a share; from the address in an hour and a
 * day; and by the server in a day.
 * @see docs/decisions/0200-one-gate-for-codes.md, 0201-wrong-codes.md
 */
export async function readCodeBudgets(
  request: Pick<Request, 'caller' | 'context' | 'now'>,
  facts: FactReader,
  receiver: CodeReceiver,
): Promise<CodeBudgets> {
  const { limits, random } = request.context
  // One for all of them: whoever waits for another in one row does so in all.
  const chance = random(1)[0] ?? 0
  const [to, whom] = receiver.kind === 'number' ? ['number', numberLevel(receiver.number)] : ['mail', mailLevel(receiver.address)]
  const site = siteLevel(request.caller.address)
  const share = shareOf(limits.codesPerReceiverDay)
  const common = readBudgets(facts, [
    { of: `code-${to}-hour`, who: whom, amount: limits.codesPerReceiverHour, windowMs: hourMs },
    { of: `code-${to}`, who: whom, amount: limits.codesPerReceiverDay, windowMs: dayMs },
    { of: `code-${to}-share`, who: `${whom} ${site}`, amount: share, windowMs: dayMs },
    sharded({ of: 'code-site-hour', who: site, amount: limits.codesPerAddressHour, windowMs: hourMs }, chance),
    sharded({ of: 'code-site', who: site, amount: limits.codesPerAddressDay, windowMs: dayMs }, chance),
    sharded({ of: 'code-total', who: 'all', amount: commonTotal(limits), windowMs: dayMs }, chance),
  ])
  const isKnown = receiver.kind === 'number' && isVerifiedSite(await readSites(facts, receiver.number), request)
  const kept = isKnown
    ? await readBudgets(facts, [
        { of: 'code-number-kept', who: `${whom} ${site}`, amount: share, windowMs: dayMs },
        sharded({ of: 'code-total-kept', who: 'all', amount: keptTotal(limits), windowMs: dayMs }, chance),
      ])
    : null
  return { common: await common, tries: await readTryBudget(request, facts), kept }
}

/** Uses one code of the common budgets, or of the kept ones where these are short. */
export function spendCode({ common, tries, kept }: CodeBudgets, now: number): Spending {
  const spent = spend(common, 1, now)
  const short = longer(spent, spend(tries, 1, now))
  if (short === undefined) return spent
  if (kept === null) return short
  const reserve = spend(kept, 1, now)
  return reserve.kind === 'spent' || reserve.waitMs < short.waitMs ? reserve : short
}

type Short = Spending & { readonly kind: 'short' }

function longer(...spendings: readonly Spending[]): Short | undefined {
  return spendings.filter((one) => one.kind === 'short').sort((a, b) => b.waitMs - a.waitMs)[0]
}

/** Those that are kept by site alone, which may be told to the operator. */
export const siteBudgets: ReadonlySet<string> = new Set(['code-site-hour', 'code-site', 'code-tries'])

/** The most that one site may use of what a receiver gets: a third, and enough for one registration with its repetitions. */
export function shareOf(amount: number): number {
  return amount === Infinity ? Infinity : Math.min(amount, Math.max(4, Math.ceil(amount / 3)))
}

/** A quarter of the total is kept for those who ask from where their number was verified before. */
function keptTotal({ codesPerDay }: RpcLimits): number {
  return codesPerDay === Infinity ? Infinity : Math.floor(codesPerDay / 4)
}

function commonTotal(limits: RpcLimits): number {
  return limits.codesPerDay === Infinity ? Infinity : limits.codesPerDay - keptTotal(limits)
}

/** Gateways take a number with the zeros of a trunk or international prefix for the one without: so it is counted. */
function numberLevel(number: Phone): string {
  return number.replace(/^0+/, '')
}

/**
 * All spellings of an address that reach the same mailbox for sure or most likely: whatever its case, its domain in either form, and with
 * anything behind a plus sign. Hashed: it may hold what keys may not.
 */
export function mailLevel(address: string): string {
  const [local = '', domain = ''] = address.toLowerCase().split('@')
  const mailbox = local.replace(/(?<=.)\+.*/, '')
  return createHash('sha256')
    .update(`${mailbox}@${domainToASCII(domain)}`)
    .digest('hex')
}

/** Codes of a shard at least: fewer would be short in one shard long before the whole is. */
const shardAmount = 1_000
const maxShards = 16

/**
 * One of the rows that a large budget is kept in, by chance. Every code from a carrier's address, or of the server, would change a single one: of
 * many at the same moment all but one would have to be decided again, and again.
 */
function sharded(budget: Budget, chance: number): Budget {
  const shards = Math.min(maxShards, Math.floor(budget.amount / shardAmount))
  if (shards < 2 || budget.amount === Infinity) return budget
  return { ...budget, who: `${budget.who} ${String(chance % shards)}`, amount: budget.amount / shards }
}
