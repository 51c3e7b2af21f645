import { createHash } from 'node:crypto'
import type { Phone } from '../../topics/index.js'
import type { RpcLimits } from '../context.js'
import { addressLevel } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { Request } from '../request.js'
import { type Budget, type BudgetState, readBudgets } from './budget.js'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/** Whom a code is for: who is to be spared, and whom no peer can vary without a victim of another number. */
export type CodeReceiver = { readonly kind: 'number'; readonly number: Phone } | { readonly kind: 'mail'; readonly address: string }

/**
 * What codes may still be made: for the receiver in an hour and a day, of which one address gets a share; from the address in an hour and a
 * day; and by the server in a day.
 * @see docs/decisions/0200-one-gate-for-codes.md
 */
export function readCodeBudgets(
  { caller, context }: Pick<Request, 'caller' | 'context'>,
  facts: FactReader,
  receiver: CodeReceiver,
): Promise<readonly BudgetState[]> {
  const { limits, random } = context
  const [to, whom] = receiver.kind === 'number' ? ['number', receiver.number] : ['mail', mailLevel(receiver.address)]
  const place = placeLevel(caller.address)
  return readBudgets(facts, [
    { of: `code-${to}-hour`, who: whom, amount: limits.codesPerReceiverHour, windowMs: hourMs },
    { of: `code-${to}`, who: whom, amount: limits.codesPerReceiverDay, windowMs: dayMs },
    { of: `code-${to}-share`, who: `${whom} ${place}`, amount: shareOf(limits.codesPerReceiverDay), windowMs: dayMs },
    { of: 'code-place-hour', who: place, amount: limits.codesPerAddressHour, windowMs: hourMs },
    { of: 'code-place', who: place, amount: limits.codesPerAddressDay, windowMs: dayMs },
    totalBudget(limits, random),
  ])
}

/**
 * Where a connection comes from, as a key level: `addressLevel`, but of IPv6 the first 48 bits, because who has one address of these mostly has
 * all of them, and a phone gets a new /64 by connecting again.
 */
export function placeLevel(address: string): string {
  const level = addressLevel(address)
  return level.includes(':') ? level.split(':').slice(0, 3).join(':') : level
}

/** Those that are kept by {@link placeLevel} alone. */
export const placeBudgets: ReadonlySet<string> = new Set(['code-place-hour', 'code-place'])

/** The most that one place may use of what a receiver gets: a third, and enough for one registration with its repetitions. */
export function shareOf(amount: number): number {
  return amount === Infinity ? Infinity : Math.min(amount, Math.max(4, Math.ceil(amount / 3)))
}

/** Addresses are told apart as `isSameAddress` does. They may hold what keys may not. */
function mailLevel(address: string): string {
  return createHash('sha256').update(address.toLowerCase()).digest('hex')
}

/** Codes per shard and day at least: fewer would be short in one shard long before the whole is. */
const shardAmount = 1_000
const maxShards = 16

/** One of the rows that the total is kept in, by chance: every code of the server would change a single one. */
function totalBudget({ codesPerDay }: RpcLimits, random: (count: number) => Uint8Array): Budget {
  const shards = Math.min(maxShards, Math.max(1, Math.floor(codesPerDay / shardAmount)))
  const shard = shards === 1 ? 0 : (random(1)[0] ?? 0) % shards
  return { of: 'code-total', who: String(shard), amount: codesPerDay / shards, windowMs: dayMs }
}
