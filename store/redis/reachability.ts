import type { OnState, StoreOutage } from '../contract.js'

/** Whether Redis is there and takes what is written: told when it changes. It begins unreachable, untold. */
export interface Reachability {
  found(): void
  lost(because: string): void
  /** A commit was carried out, or refused because Redis cannot write now. */
  wrote(refusal: StoreOutage | undefined): void
}

export function newReachability(tell: OnState = () => undefined): Reachability {
  let isReachable = false
  const be = (isSo: boolean, because: string, lacks?: StoreOutage['lacks']): void => {
    if (isReachable === isSo) return
    isReachable = isSo
    tell(isSo, because, lacks)
  }
  let isThere = false
  return {
    found() {
      isThere = true
      be(true, 'Redis is there')
    },
    lost(because) {
      isThere = false
      be(false, because)
    },
    wrote(refusal) {
      if (refusal !== undefined) be(false, refusal.message, refusal.lacks)
      else if (isThere) be(true, 'Redis takes commits again')
    },
  }
}
