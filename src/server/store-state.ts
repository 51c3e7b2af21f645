import type { Readiness } from './http.js'
import type { Log } from './log.js'

/** Whether the store answers the workers, as they tell. */
export interface StoreState {
  note(node: number, told: { readonly isReachable: boolean; readonly because: string }): void
  readonly readiness: () => Readiness
}

export function newStoreState(log: Log): StoreState {
  /** Why the store does not answer a worker, by node. */
  const away = new Map<number, string>()
  return {
    note(node, { isReachable, because }) {
      const wasAway = away.size > 0
      if (isReachable) away.delete(node)
      else away.set(node, because)
      const isAway = away.size > 0
      if (isAway && !wasAway) log.warn({ event: 'store-away', because }, 'the store does not answer: requests wait, then they are refused')
      if (!isAway && wasAway) log.info({ event: 'store-back' }, 'the store answers again')
    },
    readiness: () => {
      const [because] = away.values()
      return because === undefined ? { kind: 'ready' } : { kind: 'not-ready', because: `the store does not answer: ${because}` }
    },
  }
}
