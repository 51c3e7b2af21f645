/** So many at a time; the others wait for their turn, in order. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>
}

export function newGate(places: number): Gate {
  const waiting: (() => void)[] = []
  let taken = 0
  return {
    async run(work) {
      if (taken < places) taken++
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) taken--
        else next()
      }
    },
  }
}
