import { monotonicMs } from '../clock/index.js'
import type { Connection } from './connection.js'
import { type DeliveryState, flush } from './delivery-state.js'

/** How long nothing has to come before a drain believes that all that was sent has been read, and for how long it reads on at most. */
const quietMs = 50
const readOnMs = 500
/** Connections are closed so often, some at a time. */
const batchMs = 100
/** The part of a drain's patience that closing may be spread over. */
const spread = 0.8

/**
 * Ends all connections: what has been read is finished and acknowledged, what has not been read is left to be repeated, and deliveries that are
 * not acknowledged stay owed. Where there are other processes for them, the clients are sent there some at a time (`drainRate`).
 */
export async function drain(state: DeliveryState, patienceMs: number): Promise<void> {
  state.isDraining = true
  const patience = pause(patienceMs)
  const { drainRate } = state.options
  await Promise.race([drainRate === undefined ? readOn(state) : closeSomeAtATime(state, drainRate, patienceMs), patience])
  state.isDeaf = true
  await Promise.race([state.requests.idle(), patience])
  await acknowledgementsAreWritten()
  flush(state)
  await Promise.all(state.doors.map((door) => door.close()))
  for (const connection of state.connections.byNumber.values()) connection.link.close('draining')
}

/** A door writes an acknowledgement in the turn in which its request is done, or right behind it. */
function acknowledgementsAreWritten(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * Takes what is still on its way into the process. Clients that go on sending cannot hold the drain up: what is read later than this is not
 * acknowledged, and is sent again to whoever serves them next.
 */
async function readOn({ requests }: DeliveryState): Promise<void> {
  const end = monotonicMs() + readOnMs
  for (let seen = -1; seen !== requests.submitted && monotonicMs() < end;) {
    seen = requests.submitted
    await Promise.race([requests.idle(), pause(readOnMs)])
    await pause(quietMs)
    // A pause may end late, in a turn that has yet to look at the sockets.
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Those who wait for their turn are served as before. */
async function closeSomeAtATime(state: DeliveryState, drainRate: number, patienceMs: number): Promise<void> {
  const waiting = [...state.connections.byNumber.values()]
  const wholeMs = Math.min((waiting.length / drainRate) * 1_000, patienceMs * spread)
  const batches = Math.max(1, Math.ceil(wholeMs / batchMs))
  const ends: Promise<void>[] = []
  for (let batch = 0; batch < batches; batch++) {
    if (batch > 0) await pause(batchMs)
    const [from, to] = [batch, batch + 1].map((place) => Math.round((place * waiting.length) / batches))
    ends.push(...waiting.slice(from, to).map((connection) => closeInOrder(state, connection)))
  }
  await Promise.all(ends)
}

/** From now on nothing that comes is acted on or acknowledged; what came before is, and then the connection is ended. */
async function closeInOrder(state: DeliveryState, connection: Connection): Promise<void> {
  connection.isClosing = true
  await state.requests.idleOf(connection)
  await acknowledgementsAreWritten()
  flush(state)
  await connection.link.end()
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
