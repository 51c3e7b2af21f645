import { performance } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMs = 2_000
/** A loop that is busy for less than this share of the time is at rest. */
const restingShare = 0.05
/** Garbage below this is not worth a collection. */
const worthwhileBytes = 4 * 1024 * 1024

/**
 * Lets the calling thread give memory back when it comes to rest: V8 collects when a thread allocates, so a thread that has served ten thousand
 * arrivals and waits now would keep their garbage, and a young generation grown to its limit, for as long as nothing happens.
 */
export function collectAtRest(): void {
  const collect = newCollect()
  let before = performance.eventLoopUtilization()
  let leftBytes = 0
  setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    if (utilization > restingShare || heldBytes() - leftBytes < worthwhileBytes) return
    collect()
    leftBytes = heldBytes()
    before = performance.eventLoopUtilization() // the collection itself is no work
  }, lookEveryMs).unref()
}

/** Bytes V8 holds in RAM for this thread. */
function heldBytes(): number {
  return getHeapStatistics().total_physical_size
}

/** V8's collector is out of reach unless it is asked for; contexts made afterwards have it. */
function newCollect(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
