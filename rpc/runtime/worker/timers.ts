import type { Key, StoreReader } from '../../../store/contract.js'
import { repeat } from './repeat.js'
import type { NamedItem } from './requests.js'

/** Something that falls due: the rows of one table whose key begins with the time, and what is to be run for one of them. */
export interface TimedTable {
  /** Prefix of the whole table. */
  readonly prefix: string
  /** When a row falls due, ms since 1970 UTC. */
  readonly dueOf: (key: Key) => number
  /** Run like a request; it removes the row, or finds that somebody else has. */
  readonly itemOf: (key: Key) => NamedItem
}

export interface TimersWorld {
  readonly store: StoreReader
  readonly now: () => number
  readonly tables: readonly TimedTable[]
  /** Runs and commits one item; resolves whether or not it could. */
  readonly run: (item: NamedItem) => Promise<void>
}

/**
 * What happens at a time rather than at a request: rows in the store, so that it survives a restart. Several workers may run the same rows:
 * whoever commits the removal of a row has done its work, with it, in one step.
 */
export interface Timers {
  /** Runs everything that is due, in the order of the times in each table. @returns when the next row known now falls due, Infinity if there is none */
  pass(): Promise<number>
  /** Ends the pass under way after its item; later passes do nothing. */
  stop(): Promise<void>
}

const pageRows = 100

export function newTimers({ store, now, tables, run }: TimersWorld): Timers {
  let isStopped = false
  let running: Promise<unknown> = Promise.resolve()

  /** A row that could not be worked off stays, and is met again by the next pass; it holds up none behind it. */
  async function passTable({ prefix, dueOf, itemOf }: TimedTable): Promise<number> {
    for (let after: Key | undefined; ;) {
      const rows = await store.scan(prefix, { limit: pageRows, ...(after === undefined ? {} : { after }) })
      for (const { key } of rows) {
        const due = dueOf(key)
        if (due > now()) return due
        if (isStopped) return Infinity
        await run(itemOf(key))
        after = key
      }
      // The rows that the page has led to lie behind it.
      if (rows.length === 0) return Infinity
    }
  }

  async function passAll(): Promise<number> {
    const next: number[] = []
    for (const table of tables) next.push(await passTable(table))
    return Math.min(...next)
  }

  return {
    pass() {
      const pass = running.then(passAll)
      running = pass.catch(() => undefined) // whoever asked for the pass is told
      return pass
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/**
 * Another worker may add a row at any time, and the clock may be set: the longest that anybody sleeps, and so the most by which a row may be
 * late.
 */
const longestSleepMs = 1_000
const shortestSleepMs = 10

/**
 * Runs passes for as long as the worker lives.
 * @returns what ends it, once the item under way has ended
 */
export function startTimers(timers: Timers, now: () => number, onFault: (fault: unknown) => void): () => Promise<void> {
  /** A store that is away is told of once, not every second. */
  let isFailing = false
  const passes = repeat(0, async () => {
    const next = await timers.pass().then(
      (known) => {
        isFailing = false
        return known
      },
      (fault: unknown) => {
        if (!isFailing) onFault(fault)
        isFailing = true
        return Infinity
      },
    )
    return Math.max(shortestSleepMs, Math.min(longestSleepMs, next - now()))
  })
  return async () => {
    passes.stop()
    await timers.stop()
  }
}
