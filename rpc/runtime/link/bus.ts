import { type FrameReader, type FrameWriter, readNumber, readFrame, readText, writeNumber, writeText } from './frame.js'

/**
 * The way from a worker to the main threads of the other processes of a cluster. Nothing is promised but speed: what is lost is found in the
 * store, at the next keep-alive at the latest.
 */
export interface Bus {
  /** To one process, by the name under which it holds inboxes. */
  send(member: string, frame: Uint8Array): void
  /** To all other processes. */
  broadcast(frame: Uint8Array): void
}

/** What a frame on the bus begins with: who sent it, and its number among those that were sent on this channel, from 1. */
export interface BusHeader {
  /** Process of the sender. */
  readonly member: string
  readonly node: number
  readonly sequence: number
}

export function writeBusHeader(frame: FrameWriter, { member, node, sequence }: BusHeader): void {
  writeText(frame, member)
  writeNumber(frame, node)
  writeNumber(frame, sequence)
}

/** @returns the header, and the reader behind it. @throws RangeError if the frame is cut short */
export function readBusFrame(bytes: Uint8Array): { readonly header: BusHeader; readonly rest: FrameReader } {
  const rest = readFrame(bytes)
  return { header: { member: readText(rest), node: readNumber(rest), sequence: readNumber(rest) }, rest }
}
