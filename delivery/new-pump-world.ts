import { writePage, writeSettle } from '../rpc/index.js'
import type { Connections, PumpOwner } from './connection.js'
import type { DeliveryOptions, DeliveryWorld } from './delivery-state.js'
import { newKeptLedger } from './kept-ledger.js'
import type { PumpWorld } from './pump-world.js'

const queueLimit = 128
const queueBytes = 2 * 1024 * 1024
const answerBytes = 16 * 1024 * 1024
const maxBufferedBytes = 256 * 1024
/** What is kept for all connections together: unread answers, and what is not whole of what they send. */
const allKeptBytes = 256 * 1024 * 1024
/** Entries asked for at once; what is more comes with the next page. */
const pageSize = 64

/** What all pumps share. */
export function newPumpWorld(options: DeliveryOptions, world: DeliveryWorld, connections: Connections): PumpWorld<PumpOwner> {
  const { ring, log, counts } = world
  const onStuck = ({ client, link }: PumpOwner, because: string): void => {
    log.info({ client, because }, 'connection closed')
    link.close('unread')
  }
  const kept = newKeptLedger<PumpOwner>({
    limitBytes: allKeptBytes,
    bytesOf: ({ connection: number, link }) => {
      const connection = connections.byNumber.get(number)
      return connection === undefined ? 0 : connection.pump.unreadBytes + link.keptBytes
    },
    onMost: (owner) => {
      onStuck(owner, 'more is kept for it than for anyone else, and all of it is too much')
    },
  })
  return {
    windowSize: options.windowSize,
    queueLimit,
    queueBytes,
    answerBytes,
    maxBufferedBytes,
    drainTimeoutMs: options.drainTimeoutMs,
    requestPage({ connection, node, client }, after) {
      const variant = connections.byNumber.get(connection)?.variant ?? 0
      writePage(ring().frameOf(node), { connection, client, after, limit: pageSize, variant })
    },
    settle({ connection, node, client }, settledTo, releasedTo) {
      writeSettle(ring().laterFrameOf(node), { connection, client, settledTo, releasedTo })
    },
    onStuck,
    onSent: counts.sent,
    onKept: kept.note,
  }
}
