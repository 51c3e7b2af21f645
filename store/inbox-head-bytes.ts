/**
 * Bytes of the head of an inbox, as every engine keeps them: thirteen doubles (big-endian) and the holder. The first double is -1 - settledTo,
 * which tells it from heads that were written before there were empty places.
 */
import type { InboxHead } from './contract.js'

/** A head as it is stored. */
export interface StoredHead extends Omit<InboxHead, 'last' | 'sentTo' | 'lost'> {
  /** How far it may have been sent when nobody held it last. */
  readonly sentTo: number
  /** Numbers after `settledTo` that hold no entry any more. */
  readonly empty: number
  /** All news in it is listed, so that it is found without a look at every entry. */
  readonly isListed: boolean
  /** Null of {@link InboxHead.lost} is all zeros. */
  readonly lost: { readonly from: number; readonly to: number; readonly fromId: number; readonly toId: number }
  /** The device has settled something since: what is lost next begins a run of its own. */
  readonly isRunOver: boolean
}

/** Bytes before the holder. */
export const headNumbersBytes = 13 * 8

export const newHead: StoredHead = {
  ...{ settledTo: 0, releasedTo: 0, dropped: 0, epoch: 0, holder: '', sentTo: 0, empty: 0 },
  ...{ isListed: false, lost: { from: 0, to: 0, fromId: 0, toId: 0 }, isRunOver: false, losses: 0 },
}

export function headBytes(head: StoredHead): number {
  return headNumbersBytes + Buffer.byteLength(head.holder)
}

export function writeHead(bytes: Buffer, at: number, head: StoredHead): void {
  const { settledTo, releasedTo, dropped, epoch, sentTo, empty, isListed, lost, isRunOver, losses } = head
  let to = bytes.writeDoubleBE(-1 - settledTo, at)
  to = bytes.writeDoubleBE(releasedTo, to)
  to = bytes.writeDoubleBE(dropped, to)
  to = bytes.writeDoubleBE(epoch, to)
  to = bytes.writeDoubleBE(sentTo, to)
  to = bytes.writeDoubleBE(empty, to)
  to = bytes.writeDoubleBE(isListed ? 1 : 0, to)
  to = bytes.writeDoubleBE(lost.from, to)
  to = bytes.writeDoubleBE(lost.to, to)
  to = bytes.writeDoubleBE(lost.fromId, to)
  to = bytes.writeDoubleBE(lost.toId, to)
  to = bytes.writeDoubleBE(isRunOver ? 1 : 0, to)
  to = bytes.writeDoubleBE(losses, to)
  bytes.write(head.holder, to)
}

export function readHead(bytes: Buffer, at: number): StoredHead {
  const number = (place: number): number => bytes.readDoubleBE(at + 8 * place)
  return {
    settledTo: -1 - number(0),
    releasedTo: number(1),
    dropped: number(2),
    epoch: number(3),
    sentTo: number(4),
    empty: number(5),
    isListed: number(6) === 1,
    lost: { from: number(7), to: number(8), fromId: number(9), toId: number(10) },
    isRunOver: number(11) === 1,
    losses: number(12),
    holder: bytes.toString('utf8', at + headNumbersBytes),
  }
}

/** A head as the contract shows it. */
export function shownHead({ settledTo, releasedTo, dropped, epoch, holder, sentTo, lost, losses }: StoredHead, last: number): InboxHead {
  const marks = { last, settledTo, releasedTo, dropped, epoch, holder, losses }
  return { ...marks, sentTo: sentToNow({ holder, sentTo }, last), lost: lost.to === 0 ? null : { ...lost } }
}

/** Whoever holds an inbox may have sent all of it. */
export function sentToNow({ holder, sentTo }: Pick<StoredHead, 'holder' | 'sentTo'>, last: number): number {
  return holder === '' ? sentTo : last
}
