/** Runs `work` with a place to register what must be closed after it; closes in reverse order, whatever happened. */
export async function opened<T>(work: (onEnd: (close: () => Promise<void>) => void) => Promise<T>): Promise<T> {
  const closings: (() => Promise<void>)[] = []
  try {
    return await work((close) => closings.push(close))
  } finally {
    for (const close of closings.reverse()) await close()
  }
}
