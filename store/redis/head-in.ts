import { integerAt } from '../../protocol/index.js'
import { newHead, readHead, type StoredHead } from '../inbox-head-bytes.js'

/** The head of an inbox from its bytes, of either form that `layout.ts` tells of. @param count places in the list */
export function storedHeadIn(bytes: Buffer, count: number): StoredHead {
  if (bytes.readDoubleBE(0) < 0) return readHead(bytes, 0)
  const [settledTo, releasedTo, dropped, epoch] = [0, 8, 16, 24].map((at) => integerAt(bytes, at)) as [number, number, number, number]
  const holder = bytes.toString('utf8', 32)
  return { ...newHead, settledTo, releasedTo, dropped, epoch, holder, sentTo: settledTo + count }
}
