import type { Monotonic } from '../../../clock/index.js'

/** What falls due at different times, with one timer for all of it. */
export interface Schedule<T> {
  add(due: Monotonic, item: T): void
  /** How many wait. */
  readonly size: number
  /** Nothing falls due any more. */
  stop(): void
}

export interface ScheduleWorld<T> {
  readonly elapsed: () => Monotonic
  /** Runs after so many ms, unless the returned function is called before. */
  readonly later: (ms: number, run: () => void) => () => void
  readonly onDue: (item: T) => void
}

interface Waiting<T> {
  readonly due: Monotonic
  readonly item: T
}

/** Longest time a timer is set for; it looks again then. */
const longestMs = 60_000

/** A binary heap: the first to fall due is at the front. */
export function newSchedule<T>({ elapsed, later, onDue }: ScheduleWorld<T>): Schedule<T> {
  const heap: Waiting<T>[] = []
  let timerDue = Infinity
  let cancel: () => void = () => undefined
  let isStopped = false

  function set(): void {
    const first = heap[0]
    if (isStopped || first === undefined || first.due >= timerDue) return
    cancel()
    timerDue = first.due
    cancel = later(Math.min(longestMs, Math.max(0, first.due - elapsed())), fire)
  }

  function fire(): void {
    timerDue = Infinity
    for (let first = heap[0]; first !== undefined && !isStopped && first.due <= elapsed(); first = heap[0]) {
      takeFirst(heap)
      onDue(first.item)
    }
    set()
  }

  return {
    add(due, item) {
      addTo(heap, { due, item })
      set()
    },
    get size() {
      return heap.length
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}

function addTo<T>(heap: Waiting<T>[], added: Waiting<T>): void {
  let at = heap.length
  heap.push(added)
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as Waiting<T>
    if (above.due <= added.due) break
    heap[at] = above
    at = parent
  }
  heap[at] = added
}

function takeFirst<T>(heap: Waiting<T>[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    const right = heap[child + 1]
    if (right !== undefined && right.due < (heap[child] as Waiting<T>).due) child++
    const below = heap[child]
    if (below === undefined || below.due >= last.due) break
    heap[at] = below
    at = child
  }
  heap[at] = last
}
