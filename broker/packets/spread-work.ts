/** Does so much of some kind of work in a turn of the event loop, and the rest, in its order, in the next ones. */
export type SpreadWork = (work: () => void) => void

/** @param perTurn how much may be done in one turn */
export function spreadWork(perTurn: number): SpreadWork {
  const waiting: (() => void)[] = []
  let done = 0
  let isScheduled = false

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(next)
  }

  function next(): void {
    isScheduled = false
    done = 0
    for (const work of waiting.splice(0, perTurn)) act(work)
    if (waiting.length > 0) schedule()
  }

  function act(work: () => void): void {
    done++
    schedule()
    work()
  }

  return (work) => {
    if (waiting.length === 0 && done < perTurn) act(work)
    else waiting.push(work)
  }
}
