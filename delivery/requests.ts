import { isEventsTopic, selectNode, parseTopic } from '../topics/index.js'
import { type Ring, type Verdict, type WorkerDeath, writeRequest } from '../rpc/index.js'
import type { Connection } from './connection.js'
import { newTrials, type Triable } from './trials.js'

/** A publish that has been handed to a worker and not come back: kept whole, so that it can be handed to another one. */
interface Unfinished extends Triable {
  readonly connection: Connection
  /** A worker has been handed it. */
  isHanded: boolean
  readonly packetId: number
  readonly qos: 0 | 1 | 2
  readonly isRepeated: boolean
  readonly topic: string
  readonly payload: Uint8Array
  readonly done: (verdict: Verdict) => void
}

/** A publish as it is handed in. */
export type Submitted = Omit<Unfinished, 'isHanded' | keyof Triable>

/** Requests under way in the ring. Bounded by what Aedes reads of each connection before it waits (one chunk of its socket). */
export interface Requests {
  submit(request: Submitted): void
  /** The worker is done with it: it may be acknowledged. */
  done(request: number, verdict: Verdict): void
  /** The worker of `node` has died: what comes for it waits. */
  died(node: number, death: WorkerDeath): void
  /**
   * A new worker serves `node`: it is given everything unfinished again, as repeated; QoS 0 is not, it is at most once. What was under way when the
   * old one died is given to it alone, before all else.
   */
  repeat(node: number): void
  /** The connection is gone: nobody waits for its requests any more. */
  forget(connection: Connection): void
  /** How many have ever been handed in. */
  readonly submitted: number
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Something else is under way for a connection until this resolves. */
  hold(connection: Connection, work: Promise<unknown>): void
  /** How much is under way for a connection. */
  underWayOf(connection: Connection): number
  /** Resolves when nothing of what is under way for a connection now is any more. */
  idleOf(connection: Connection): Promise<void>
}

const lastRequestNumber = 0xffff_ffff
/** Of a QoS 0 publish whose worker has died: it is not tried again. */
const atMostOnce: Verdict = { kind: 'dropped' }

export interface RequestsWorld {
  readonly ring: () => Ring
  introduce(connection: Connection, node: number): void
  /** A worker has died of a request that it was handed alone: it will be refused. */
  onCondemned(request: Pick<Unfinished, 'connection' | 'node'>): void
}

export function newRequests({ ring, introduce, onCondemned }: RequestsWorld): Requests {
  const unfinished = new Map<number, Unfinished>()
  const byConnection = new Map<Connection, Set<number>>()
  const endings = newEndings(unfinished, byConnection)
  const nextNumber = newNumbers(unfinished)
  let submitted = 0

  function end(request: number, entry: Unfinished, verdict: Verdict): void {
    unfinished.delete(request)
    forgetOne(byConnection, entry.connection, request)
    entry.done(verdict)
    endings.ended(entry.connection)
  }

  const trials = newTrials<Unfinished>({
    unfinished,
    hand: (request, entry) => {
      hand(ring(), request, entry)
    },
    drop: (request, entry) => {
      end(request, entry, atMostOnce)
    },
    onCondemned,
  })

  return {
    submit(request) {
      const { connection } = request
      const node = nodeFor(connection, request.topic, ring().size)
      if (!connection.knownTo.includes(node)) {
        connection.knownTo.push(node)
        introduce(connection, node)
      }
      submitted++
      const [number, entry] = [nextNumber(), newEntry(request, node)]
      unfinished.set(number, entry)
      note(byConnection, connection, number)
      if (trials.isOpen(node)) hand(ring(), number, entry)
    },
    done(request, verdict) {
      const entry = unfinished.get(request)
      if (entry !== undefined) end(request, entry, verdict)
      trials.ended(request)
    },
    died: trials.died,
    repeat(node) {
      const lost = [...unfinished].filter(([, entry]) => entry.node === node && entry.qos === 0 && entry.isHanded)
      for (const [number, entry] of lost) end(number, entry, atMostOnce)
      trials.begin(node)
    },
    forget(connection) {
      for (const number of byConnection.get(connection) ?? []) if (unfinished.delete(number)) trials.forgotten(number)
      byConnection.delete(connection)
      endings.forget(connection)
    },
    ...{ hold: endings.hold, underWayOf: endings.underWayOf, idleOf: endings.idleOf, idle: endings.idle },
    get submitted() {
      return submitted
    },
  }
}

// Field by field: to copy the rest of an object is dear, and this is done for each publish.
function newEntry({ connection, packetId, qos, isRepeated, topic, payload, done }: Submitted, node: number): Unfinished {
  const client = connection.words.clientId
  return { connection, node, client, packetId, qos, isRepeated, topic, payload, done, suspicion: 'none', isHanded: false }
}

function hand(ring: Ring, request: number, entry: Unfinished): void {
  const { connection, packetId, qos, topic, payload } = entry
  const [isRepeated, isCondemned] = [entry.isRepeated || entry.isHanded, entry.suspicion === 'condemned']
  entry.isHanded = true
  const frame = ring.frameOf(entry.node)
  writeRequest(frame, { request, connection: connection.number, packetId, qos, isRepeated, isCondemned, topic, payload })
}

function note(byConnection: Map<Connection, Set<number>>, connection: Connection, number: number): void {
  const ofConnection = byConnection.get(connection)
  if (ofConnection === undefined) byConnection.set(connection, new Set([number]))
  else ofConnection.add(number)
}

function forgetOne(byConnection: Map<Connection, Set<number>>, connection: Connection, number: number): void {
  const ofConnection = byConnection.get(connection)
  if (ofConnection?.delete(number) === true && ofConnection.size === 0) byConnection.delete(connection)
}

/** Numbers that nothing unfinished has. */
function newNumbers(unfinished: ReadonlyMap<number, unknown>): () => number {
  let last = 0
  return () => {
    do last = last === lastRequestNumber ? 1 : last + 1
    while (unfinished.has(last))
    return last
  }
}

interface Endings extends Pick<Requests, 'hold' | 'underWayOf' | 'idleOf' | 'idle'> {
  /** One thing of a connection is no longer under way. */
  ended(connection: Connection): void
  forget(connection: Connection): void
}

/** Who waits for the end of what is under way for a connection. */
function newEndings(unfinished: ReadonlyMap<number, Unfinished>, byConnection: ReadonlyMap<Connection, ReadonlySet<number>>): Endings {
  const held = new Map<Connection, number>()
  const waiting = new Map<Connection, { left: number; readonly resolve: () => void }>()
  const idleWaiters: (() => void)[] = []

  function checkIdle(): void {
    if (unfinished.size === 0) for (const resolve of idleWaiters.splice(0)) resolve()
  }

  function underWayOf(connection: Connection): number {
    return (held.get(connection) ?? 0) + (byConnection.get(connection)?.size ?? 0)
  }

  function ended(connection: Connection): void {
    checkIdle()
    const one = waiting.get(connection)
    if (one === undefined || --one.left > 0) return
    waiting.delete(connection)
    one.resolve()
  }

  return {
    ended,
    forget(connection) {
      checkIdle()
      waiting.get(connection)?.resolve()
      waiting.delete(connection)
    },
    hold(connection, work) {
      held.set(connection, (held.get(connection) ?? 0) + 1)
      const release = (): void => {
        const left = (held.get(connection) ?? 1) - 1
        if (left > 0) held.set(connection, left)
        else held.delete(connection)
        ended(connection)
      }
      work.then(release, release)
    },
    underWayOf,
    async idleOf(connection) {
      const left = underWayOf(connection)
      if (left > 0) await new Promise<void>((resolve) => waiting.set(connection, { left, resolve }))
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
