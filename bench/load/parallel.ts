/** Runs `work` over the items with at most `limit` at once; results keep the order of the items. Says how far it is every few seconds. */
export async function inParallel<T, R>(
  what: string,
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let done = 0
  const progress = setInterval(() => {
    process.stderr.write(`  ${what}: ${done} of ${items.length}\n`)
  }, 5_000)
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as T, index)
      done++
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  } finally {
    next = items.length
    clearInterval(progress)
  }
  return results
}
