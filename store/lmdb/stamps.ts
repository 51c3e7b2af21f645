import { unitAt } from '../../topics/index.js'
import { scopeOfFeed, scopeOfKey, type Commit, type Stamps } from '../contract.js'

/** How many counters there are. Scopes share them by hash: a collision costs a needless read, and a million make it rare. */
export const stampSlots = 1 << 20

/** The stamps, and behind them how many commits there have been. */
export const stampWords = stampSlots + 1
const changesWord = stampSlots

/** The counters of a process, as one of its threads uses them. */
export function openStamps(counters: Int32Array): Stamps & { changes(): number; touch(commit: Commit): void } {
  const touchScope = (scope: string): void => {
    Atomics.add(counters, slotOf(scope), 1)
  }
  return {
    slotOf,
    at: (slot) => Atomics.load(counters, slot),
    /** Has changed before any stamp does: whoever sees a new stamp knows that its snapshot may be older than that. */
    changes: () => Atomics.load(counters, changesWord),
    /** To be called when the commit can be seen by all and before it resolves. */
    touch({ puts = [], numbers = [], appends = [] }) {
      Atomics.add(counters, changesWord, 1)
      for (const { key } of puts) touchScope(scopeOfKey(key))
      for (const { key } of numbers) touchScope(scopeOfKey(key))
      for (const { feed } of appends) touchScope(scopeOfFeed(feed))
    },
  }
}

/** Changes every stamp: what was read before is to be read again. */
export function touchAllStamps(counters: Int32Array): void {
  Atomics.add(counters, changesWord, 1)
  for (let slot = 0; slot < stampSlots; slot++) Atomics.add(counters, slot, 1)
}

/** FNV-1a, folded to the number of counters. */
function slotOf(scope: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < scope.length; i++) hash = Math.imul(hash ^ unitAt(scope, i), 0x01000193)
  return (hash ^ (hash >>> 20)) & (stampSlots - 1)
}
