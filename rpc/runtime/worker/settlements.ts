import type { Settlement } from '../../../store/contract.js'

/**
 * Marks of inboxes on their way to the store. What has been received (PUBREC) is written at once, for the device waits for it; what is
 * settled may be written later and together, for a crash before costs a repetition that the packet id and DUP give away.
 */
export interface Settlements {
  add(settlement: Settlement): void
  /** Writes what has been gathered. */
  flush(): Promise<void>
}

export interface SettlementsWorld {
  /** @returns the clients of which nothing was written, because another process has their inboxes */
  readonly write: (settlements: readonly Settlement[]) => Promise<ReadonlySet<string>>
  readonly onReleased: (client: string, releasedTo: number) => void
  readonly delayMs: number
  /** So many clients are written together at the latest. */
  readonly limit: number
  readonly onFault: (fault: unknown) => void
}

const retryMs = 1_000

export function newSettlements(world: SettlementsWorld): Settlements {
  const gathered = new Map<string, Settlement>()
  const releasing = new Set<string>()
  const stored = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let isImmediate = false
  let writing: Promise<void> = Promise.resolve()
  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    isImmediate = false
    if (gathered.size === 0) return
    const [settlements, released] = [[...gathered.values()], [...releasing]]
    gathered.clear()
    releasing.clear()
    let followed: ReadonlySet<string>
    try {
      followed = await world.write(settlements)
    } catch (error) {
      takeBack(settlements, released)
      throw error
    }
    for (const { client, releasedTo } of settlements) {
      if (followed.has(client)) continue
      stored.set(client, releasedTo)
      if (released.includes(client)) world.onReleased(client, releasedTo)
    }
    if (stored.size > world.limit * 16) stored.clear()
  }

  /** What could not be written is written later; newer marks of the same client include it. */
  function takeBack(settlements: readonly Settlement[], released: readonly string[]): void {
    for (const settlement of settlements) if (!gathered.has(settlement.client)) gathered.set(settlement.client, settlement)
    for (const client of released) releasing.add(client)
    timer ??= setTimeout(() => void start(), retryMs)
  }

  function start(): Promise<void> {
    writing = writing.then(write).catch(world.onFault)
    return writing
  }

  function schedule(isUrgent: boolean): void {
    if (isUrgent || gathered.size >= world.limit) {
      if (!isImmediate) setImmediate(() => void start())
      isImmediate = true
    } else timer ??= setTimeout(() => void start(), world.delayMs)
  }

  return {
    add(settlement) {
      gathered.set(settlement.client, settlement)
      const isUrgent = settlement.releasedTo > Math.max(settlement.settledTo, stored.get(settlement.client) ?? 0)
      if (isUrgent) releasing.add(settlement.client)
      schedule(isUrgent)
    },
    flush: start,
  }
}
