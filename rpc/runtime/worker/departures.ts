import { type Fence, StoreOutage, type StoreReader } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { presences, type ToldDepartures } from '../../documents/index.js'
import { settleFactor } from '../../handlers/presence/settling.js'
import type { ConnectionEnd } from '../link/to-worker.js'
import type { WorkerConnection } from './worker-connection.js'

export interface DeparturesWorld {
  readonly store: StoreReader
  /** The date, ms. */
  readonly now: () => number
  /**
   * A device whose connection is lost is announced as gone if it is not back after so long, ms; one that comes and goes all the time after a
   * multiple of it, however its connection has ended. 0: at once, always.
   */
  readonly graceMs: number
  /** The store is shared: who has not come back when this process stops may be back elsewhere, and another process sees to the rest. */
  readonly isMember: boolean
  /** Runs behind the work of the client. */
  readonly add: (client: ClientId, run: () => Promise<void>) => void
  /** Whether a later connection of the client stands here. */
  readonly isBack: (client: ClientId) => boolean
  /** Commits what a loss changes at once. */
  readonly lose: (connection: WorkerConnection) => Promise<void>
  /** Commits the departure, which rests on `fence`. */
  readonly announce: (connection: WorkerConnection, fence: Fence | undefined) => Promise<void>
  /** Nothing is left to be done for a connection. */
  readonly onLeft: (connection: WorkerConnection) => void
  /** @returns what calls it off; a timer, unless a test gives another one */
  readonly later?: (ms: number, run: () => void) => () => void
}

/** What follows when connections end, each as the last step of its work: at once, or after a grace in which the device may be back. */
export interface Departures {
  end(connection: WorkerConnection, end: ConnectionEnd): Promise<void>
  /** No grace any more. What has waited is announced, or left to the other members of the cluster. */
  stop(): void
}

interface Waiting {
  readonly connection: WorkerConnection
  readonly callOff: () => void
}

export function newDepartures(world: DeparturesWorld): Departures {
  const { isMember, isBack, lose, announce, onLeft, later = afterwards } = world
  /** The latest loss of each client. */
  const waiting = new Map<ClientId, Waiting>()
  let isStopped = false

  function callOff(client: ClientId): void {
    const known = waiting.get(client)
    if (known === undefined) return
    waiting.delete(client)
    known.callOff()
    onLeft(known.connection)
  }

  async function depart(connection: WorkerConnection): Promise<void> {
    if (!isBack(connection.clientId)) await announceUnfollowed(connection)
    onLeft(connection)
  }

  async function announceUnfollowed(connection: WorkerConnection): Promise<void> {
    const { fence } = connection
    if (fence === undefined) return announce(connection, undefined)
    const head = await world.store.inboxHead(fence.client)
    const isOwn = head === undefined || head.epoch === fence.epoch || (head.epoch === fence.epoch + 1 && head.holder === '')
    if (isOwn) await announce(connection, { client: fence.client, epoch: head?.epoch ?? 0 })
  }

  function wait(connection: WorkerConnection, ms: number): void {
    const { clientId } = connection
    const timer = later(ms, () => {
      waiting.delete(clientId)
      world.add(clientId, () => depart(connection))
    })
    waiting.set(clientId, { connection, callOff: timer })
  }

  return {
    async end(connection, end) {
      // Whoever was lost before has been back since.
      callOff(connection.clientId)
      const isLeftToOthers = isMember && (end === 'stopping' || (isStopped && end === 'lost'))
      const waitMs = isLeftToOthers || isStopped ? 0 : await waitOf(world, connection, end)
      if (waitMs === 0 && !isLeftToOthers) return depart(connection)
      await lose(connection)
      if (isLeftToOthers || (isStopped && isMember)) onLeft(connection)
      else if (isStopped) return depart(connection)
      else wait(connection, waitMs)
    },
    stop() {
      isStopped = true
      for (const [client, { connection, callOff: end }] of waiting) {
        end()
        if (!isMember) world.add(client, () => depart(connection))
      }
      waiting.clear()
    },
  }
}

function afterwards(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => {
    clearTimeout(timer)
  }
}

/** How long a departure has to stand before it is told, ms. */
async function waitOf({ graceMs, store, now }: DeparturesWorld, { client }: WorkerConnection, end: ConnectionEnd): Promise<number> {
  if (graceMs === 0 || end === 'stopping' || client.kind !== 'device') return 0
  const factor = settleFactor(await readTold(store, client.phone), now())
  return graceMs * Math.max(end === 'lost' ? 1 : 0, factor)
}

async function readTold(store: StoreReader, phone: Phone): Promise<ToldDepartures | undefined> {
  try {
    const stored = await store.get(presences.key(phone))
    return stored && presences.decode(stored).told
  } catch (error) {
    // Nothing can be told either while the store is away: the announcement itself is made up for later.
    if (error instanceof StoreOutage) return undefined
    throw error
  }
}
