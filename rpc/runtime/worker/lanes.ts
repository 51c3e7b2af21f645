import type { ClientId } from '../../../topics/index.js'
import type { BatchItem, ClientState } from './batch.js'
import { charge, newShare, type Share } from './share.js'
import { fittingRequests, newTurns, type TurnRules } from './turns.js'

/**
 * Work of one client: requests, which run in batches, and steps that run alone; a departure is the step with which the work of a connection
 * ends.
 */
export type LaneWork =
  | { readonly kind: 'request'; readonly item: BatchItem }
  | { readonly kind: 'step' | 'departure'; readonly run: (share: Share) => Promise<void> }

/** The queue of one client id: its work is done in order, whichever connection it came through. */
export interface Lane {
  readonly client: ClientState & { readonly share: Share }
  readonly queue: LaneWork[]
  isRunning: boolean
}

export interface Lanes {
  add(clientId: ClientId, work: LaneWork): void
  /** Whether nothing of this client is left to be done but departures, if that. */
  isDeparted(clientId: ClientId): boolean
  /** Resolves when nothing is queued or running. */
  idle(): Promise<void>
}

const batchLimit = 64
/** What a step comes to, besides what it tells of itself. */
const aStep = { requests: 0, rows: 10, bytes: 0 }
/** Lanes kept for their marks; beyond that, idle ones are forgotten and read again when needed. */
const laneLimit = 20_000

/** Runs a batch; before it is run again, because something it rests on has changed, it waits for its turn. @returns how many of the items are done with */
export type RunBatch = (items: readonly BatchItem[], client: ClientState, turn: () => Promise<void>) => Promise<number>

/** @param runRequests runs a batch */
export function newLanes(runRequests: RunBatch, onFault: (fault: unknown) => void, turnRules?: Partial<TurnRules>): Lanes {
  const lanes = new Map<ClientId, Lane>()
  const idleWaiters: (() => void)[] = []
  const turns = newTurns(turnRules)
  let running = 0

  function laneOf(clientId: ClientId): Lane {
    const known = lanes.get(clientId)
    if (known !== undefined) return known
    const lane: Lane = { client: { clientId, marks: undefined, share: newShare() }, queue: [], isRunning: false }
    lanes.set(clientId, lane)
    return lane
  }

  async function run(lane: Lane): Promise<void> {
    for (let first = lane.queue[0]; first !== undefined; first = lane.queue[0]) {
      await turns.next(lane.client.share, () => Math.min(batchSize(lane), lane.queue.length))
      if (first.kind === 'request') {
        const items = nextBatch(lane)
        lane.queue.splice(0, await runRequests(items, lane.client, () => turns.next(lane.client.share, () => items.length)))
      } else {
        charge(lane.client.share, aStep)
        await first.run(lane.client.share).catch(onFault)
        lane.queue.shift()
      }
    }
  }

  function start(lane: Lane): void {
    lane.isRunning = true
    running++
    run(lane).then(
      () => {
        lane.isRunning = false
        running--
        if (lane.client.marks === undefined) lanes.delete(lane.client.clientId)
        if (lanes.size > laneLimit) forgetIdle(lanes)
        if (running === 0) for (const resolve of idleWaiters.splice(0)) resolve()
      },
      (fault: unknown) => {
        // Whatever could be caught was: the thread ends and is replaced.
        setImmediate(() => {
          throw fault
        })
      },
    )
  }

  return {
    add(clientId, work) {
      const lane = laneOf(clientId)
      lane.queue.push(work)
      if (!lane.isRunning) start(lane)
    },
    isDeparted(clientId) {
      return lanes.get(clientId)?.queue.every(({ kind }) => kind === 'departure') ?? true
    },
    async idle() {
      if (running > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve))
    },
  }
}

function forgetIdle(lanes: Map<ClientId, Lane>): void {
  for (const [clientId, lane] of lanes) if (!lane.isRunning) lanes.delete(clientId)
}

function batchSize({ client }: Lane): number {
  return Math.min(batchLimit, fittingRequests(client.share))
}

function nextBatch(lane: Lane): BatchItem[] {
  const items: BatchItem[] = []
  const limit = batchSize(lane)
  for (const work of lane.queue) {
    if (work.kind !== 'request' || items.length === limit) break
    items.push(work.item)
  }
  return items
}
