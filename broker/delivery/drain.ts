import { monotonicMs } from '../../clock/index.js'
import type { BrokerState } from '../broker-state.js'
import type { Connection } from './connection.js'

/** How long nothing has to come before a drain believes that all that was sent has been read, and for how long it reads on at most. */
const quietMs = 50
const readOnMs = 500
/** Connections are closed so often, some at a time. */
const batchMs = 100
/** The part of a drain's patience that closing may be spread over. */
const spread = 0.8
/** How long a client whose connection has been ended may take to end it as well. */
const lingerMs = 1_000

/**
 * Ends all connections: what has been read is finished and acknowledged, what has not been read is left to be repeated, and deliveries that are
 * not acknowledged stay owed. Where there are other processes for them, the clients are sent there some at a time (`drainRate`).
 */
export async function drain(state: BrokerState, patienceMs: number): Promise<void> {
  state.isDraining = true
  const patience = pause(patienceMs)
  const { drainRate } = state.options
  await Promise.race([drainRate === undefined ? readOn(state) : closeSomeAtATime(state, drainRate, patienceMs), patience])
  state.isDeaf = true
  await Promise.race([state.requests.idle(), patience])
  await acknowledgementsAreWritten()
  state.writer.flush()
  await new Promise<void>((resolve) => {
    state.aedes.close(resolve)
  })
  for (const connection of state.connections.byNumber.values()) connection.socket.destroy()
}

/** Aedes writes an acknowledgement in the turn in which its request is done, and mqtt-packet uncorks the socket behind it. */
function acknowledgementsAreWritten(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * Takes what is still on its way into the process. Clients that go on sending cannot hold the drain up: what is read later than this is not
 * acknowledged, and is sent again to whoever serves them next.
 */
async function readOn({ requests }: BrokerState): Promise<void> {
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
async function closeSomeAtATime(state: BrokerState, drainRate: number, patienceMs: number): Promise<void> {
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
async function closeInOrder(state: BrokerState, connection: Connection): Promise<void> {
  connection.isClosing = true
  await state.requests.idleOf(connection)
  await acknowledgementsAreWritten()
  state.writer.flush()
  const { socket } = connection
  if (connection.state === 'closed') return
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve()
    })
  })
  // A connection that is destroyed while something is unread is reset, and takes along what the client has not read yet.
  connection.gate.letGo()
  socket.removeAllListeners('readable')
  socket.resume()
  socket.end()
  await Promise.race([closed, pause(lingerMs)])
  socket.destroy()
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
