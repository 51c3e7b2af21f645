/** Runs something again and again, never twice at a time; nothing keeps the process alive for it. */
export interface Repetition {
  /** Ends it: what runs goes on to its end, nothing follows. */
  stop(): void
}

/** @param run resolves to the milliseconds until it is to run again; must not reject */
export function repeat(firstMs: number, run: () => Promise<number>): Repetition {
  let isStopped = false
  let timer = later(firstMs)

  function later(ms: number): NodeJS.Timeout {
    return setTimeout(() => void runOnce(), ms).unref()
  }

  async function runOnce(): Promise<void> {
    const ms = await run()
    if (!isStopped) timer = later(ms)
  }

  return {
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
