import { limits } from '../../../protocol/index.js'
import { initTransfer } from './init.js'
import { sendTransfer } from './send.js'

function transferHandlers(block: number) {
  return [
    { tag: 'ftp', request: 'init', handler: initTransfer(block) },
    { tag: 'ftp', request: 'send', handler: sendTransfer(block) },
  ] as const
}

/** File transfer as requests on `events`. @see docs/protocol/rpc.md 16 */
export const ftpHandlers = transferHandlers(limits.ftpEventsBlockBytes)

/** The same on the WebSocket endpoint `/ws`, with its larger blocks. */
export const socketTransferHandlers = transferHandlers(limits.ftpBlockBytes)
