import { isEventsTopic, selectNode, parseTopic } from '../topics/index.js'
import { type Ring, writeRequest } from '../rpc/index.js'
import type { Connection } from './connection.js'

/** A publish that has been handed to a worker and not come back: kept whole, so that it can be handed to another one. */
interface Unfinished {
  readonly connection: Connection
  readonly node: number
  readonly packetId: number
  readonly qos: 0 | 1 | 2
  readonly isRepeated: boolean
  readonly topic: string
  readonly payload: Uint8Array
  readonly done: () => void
}

/** Requests under way in the ring. Bounded by what Aedes reads of each connection before it waits (one chunk of its socket). */
export interface Requests {
  submit(request: Omit<Unfinished, 'node'>): void
  /** The worker is done with it: it may be acknowledged. */
  done(request: number): void
  /** A new worker serves `node`: it is given everything unfinished again, as repeated; QoS 0 is not, it is at most once. */
  repeat(node: number): void
  /** The connection is gone: nobody waits for its requests any more. */
  forget(connection: Connection): void
  /** How many have ever been handed in. */
  readonly submitted: number
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

const lastRequestNumber = 0xffff_ffff

export function newRequests(ring: () => Ring, introduce: (connection: Connection, node: number) => void): Requests {
  const unfinished = new Map<number, Unfinished>()
  const idleWaiters: (() => void)[] = []
  let lastNumber = 0
  let submitted = 0

  function nextNumber(): number {
    do lastNumber = lastNumber === lastRequestNumber ? 1 : lastNumber + 1
    while (unfinished.has(lastNumber))
    return lastNumber
  }

  function hand(request: number, { connection, node, ...words }: Unfinished): void {
    writeRequest(ring().frameOf(node), { request, connection: connection.number, ...words })
  }

  function checkIdle(): void {
    if (unfinished.size > 0) return
    for (const resolve of idleWaiters.splice(0)) resolve()
  }

  return {
    submit(request) {
      const { connection, topic } = request
      const node = nodeFor(connection, topic, ring().size)
      if (!connection.knownTo.includes(node)) {
        connection.knownTo.push(node)
        introduce(connection, node)
      }
      submitted++
      const number = nextNumber()
      const entry = { ...request, node }
      unfinished.set(number, entry)
      hand(number, entry)
    },
    done(request) {
      const entry = unfinished.get(request)
      if (entry === undefined) return
      unfinished.delete(request)
      entry.done()
      checkIdle()
    },
    repeat(node) {
      for (const [number, entry] of unfinished) {
        if (entry.node !== node) continue
        if (entry.qos === 0) {
          unfinished.delete(number)
          entry.done()
        } else hand(number, { ...entry, isRepeated: true })
      }
      checkIdle()
    },
    forget(connection) {
      for (const [number, entry] of unfinished) if (entry.connection === connection) unfinished.delete(number)
      checkIdle()
    },
    get submitted() {
      return submitted
    },
    async idle() {
      if (unfinished.size > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve))
    },
  }
}

/** The node a publish goes to: the one its topic names, else the node of the client. @see docs/protocol/topics.md 3 */
function nodeFor(connection: Connection, topic: string, size: number): number {
  if (!isEventsTopic(topic) || topic.startsWith('events/1//')) return connection.node
  const parsed = parseTopic(topic)
  if (parsed.kind !== 'events' || parsed.node === undefined) return connection.node
  return selectNode(connection.words.clientId, size, parsed.node)
}
