import type { PlainCluster, PlainPacket } from './plain-cluster.js'

interface Subscription {
  readonly topic: string
  readonly qos: number
}

type Told = (packet: PlainPacket, done: () => void) => void

/** What `aedes-persistence-redis` uses of a broker: it tells of subscriptions, and hears of those the others tell. */
interface IndexBroker {
  readonly id: string
  publish(packet: PlainPacket, done: (error?: Error | null) => void): void
  subscribe(topic: string, told: Told, done: () => void): void
  unsubscribe(topic: string, told: Told, done: () => void): void
}

/** What is known, and how it is told. */
interface Known {
  readonly filters: Map<string, Set<string>>
  /** Clients of whom something was told while stored ones were being read. */
  changed: Set<string>
  /** The persistence's own listener. */
  told: Told
}

export interface PlainIndex {
  readonly broker: IndexBroker
  /** Compares what has been told with what is stored, and tells the difference. */
  refresh(): Promise<void>
  /** Resolves when what is known is right: at once, unless listening was interrupted. */
  fresh(): Promise<void>
}

type Read = (client: string) => Promise<readonly Subscription[]>

const added = '$SYS/sub/add'
const removed = '$SYS/sub/rm'
const sessionsAtOnce = 100
const done = (): void => undefined

/**
 * The persistence keeps an index of all stored subscriptions, which follows from what processes tell each other. This keeps it right where that
 * is not enough: what is stored is read after listening has begun, and again whenever it has been interrupted.
 * @param read the stored subscriptions of a client
 */
export function newPlainIndex(cluster: PlainCluster, read: Read): PlainIndex {
  const known: Known = {
    filters: new Map(),
    changed: new Set(),
    told: (_packet, heard) => {
      heard()
    },
  }
  const listener: Told = (packet, heard) => {
    hear(known, packet, heard)
  }
  let refreshing: Promise<void> = Promise.resolve()
  let interruptions = 0
  let waiting: (() => void)[] | undefined
  cluster.onInterrupted(() => {
    interruptions++
    waiting ??= []
  })

  async function readAgain(): Promise<void> {
    const before = interruptions
    await readUntilStill()
    if (before !== interruptions) return
    for (const go of waiting ?? []) go()
    waiting = undefined
  }

  async function readUntilStill(): Promise<void> {
    let clients: readonly string[] = [...new Set([...(await cluster.sessions()), ...known.filters.keys()])]
    while (clients.length > 0) clients = await readAll(known, clients, read)
  }

  return {
    broker: {
      id: cluster.brokerId,
      publish(packet, sent) {
        cluster.mq.emit(packet, (error) => {
          // Its own words need not come back to be known here.
          if (error === undefined || error === null) hear(known, packet, done)
          sent(error)
        })
      },
      subscribe(topic, told, subscribed) {
        known.told = told
        cluster.mq.on(topic, listener, subscribed)
      },
      unsubscribe(topic, _told, unsubscribed) {
        cluster.mq.removeListener(topic, listener, unsubscribed)
      },
    },
    refresh: () => (refreshing = refreshing.then(readAgain, readAgain)),
    async fresh() {
      if (waiting !== undefined) await new Promise<void>((resolve) => waiting?.push(resolve))
    },
  }
}

function hear(known: Known, packet: PlainPacket, heard: () => void): void {
  const { clientId, subs } = JSON.parse(packet.payload.toString()) as { clientId: string; subs: readonly Subscription[] }
  known.changed.add(clientId)
  const filters = known.filters.get(clientId) ?? new Set()
  for (const { topic } of subs) {
    if (packet.topic === added) filters.add(topic)
    else filters.delete(topic)
  }
  if (filters.size === 0) known.filters.delete(clientId)
  else known.filters.set(clientId, filters)
  known.told(packet, heard)
}

function tell(known: Known, topic: string, clientId: string, subs: readonly Subscription[]): void {
  if (subs.length > 0) hear(known, { topic, payload: JSON.stringify({ clientId, subs }), qos: 0 }, done)
}

/** @returns clients of whom something was told meanwhile */
async function readAll(known: Known, clients: readonly string[], read: Read): Promise<readonly string[]> {
  const again: string[] = []
  for (let i = 0; i < clients.length; i += sessionsAtOnce) {
    const some = clients.slice(i, i + sessionsAtOnce)
    known.changed = new Set()
    const stored = await Promise.all(some.map(read))
    const during = new Set(known.changed)
    some.forEach((client, at) => {
      if (during.has(client)) again.push(client)
      else correct(known, client, stored[at] ?? [])
    })
  }
  return again
}

function correct(known: Known, client: string, stored: readonly Subscription[]): void {
  const filters = new Set(stored.map(({ topic }) => topic))
  const gone = [...(known.filters.get(client) ?? [])].filter((topic) => !filters.has(topic))
  tell(
    known,
    removed,
    client,
    gone.map((topic) => ({ topic, qos: 0 })),
  )
  tell(known, added, client, stored)
}
