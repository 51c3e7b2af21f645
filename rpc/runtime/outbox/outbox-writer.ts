import type { Bytes, Commit, Put } from '../../../store/contract.js'

/** What becomes of outbox entries, gathered and written together: a crash before repeats what was done, and loses nothing. */
export interface OutboxWriter {
  /** The entry is done with; `puts` go with it. */
  remove(id: string, puts?: readonly Put[]): void
  /** The entry is there from now on, or holds something else. */
  set(id: string, content: Bytes): void
  /** Writes what has been gathered. */
  flush(): Promise<void>
}

export interface OutboxWriterWorld {
  readonly commit: (commit: Commit) => Promise<unknown>
  /** What is gathered waits at most so long, ms. */
  readonly delayMs: number
  readonly onFault: (fault: unknown) => void
}

const retryMs = 1_000

export function newOutboxWriter({ commit, delayMs, onFault }: OutboxWriterWorld): OutboxWriter {
  /** The last word on each entry. */
  let gathered = new Map<string, Bytes | undefined>()
  let puts: Put[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (gathered.size === 0) return
    const [entries, also] = [gathered, puts]
    gathered = new Map()
    puts = []
    try {
      await commit(commitOf(entries, also))
    } catch (error) {
      // What has been said meanwhile stands.
      gathered = new Map([...entries, ...gathered])
      puts = [...also, ...puts]
      timer ??= setTimeout(() => void start(), retryMs)
      throw error
    }
  }

  function start(): Promise<void> {
    writing = writing.then(write).catch(onFault)
    return writing
  }

  function gather(id: string, content: Bytes | undefined): void {
    gathered.set(id, content)
    timer ??= setTimeout(() => void start(), delayMs)
  }

  return {
    remove(id, also = []) {
      puts.push(...also)
      gather(id, undefined)
    },
    set: gather,
    flush: start,
  }
}

function commitOf(entries: ReadonlyMap<string, Bytes | undefined>, puts: readonly Put[]): Commit {
  const outbox = [...entries].flatMap(([id, job]) => (job === undefined ? [] : [{ id, job }]))
  const outboxDone = [...entries].flatMap(([id, job]) => (job === undefined ? [id] : []))
  return { outbox, outboxDone, puts }
}
