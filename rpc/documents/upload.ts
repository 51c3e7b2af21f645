import type { PhoneId } from '../../topics/index.js'
import { numberTable } from './number-table.js'
import { table } from './table.js'

/** Who may upload the files of a message, and until when (ms since 1970 UTC). @see docs/protocol/rpc.md 10, Message/upload */
export interface UploadOwner {
  readonly owner: PhoneId
  readonly until: number
}

/**
 * Messages whose files are on their way, by the time at which they expire: 13 digits, so that a scan from the front finds the next one. Holds
 * the id of the message. The row outlives completion, and then means nothing.
 */
export const uploads = numberTable<[due: string, batch: string]>('upload')

/** The files of one message have ids `<batch>-<index>`; whoever uploads under such an id must be a device of its owner. */
export const uploadOwners = table<[batch: string], UploadOwner>('upload-owner')

const ftpId = /^(up_[0-9a-f]{32})-\d$/

/** The batch to which an FTP id given out by Message/upload belongs; undefined for ids that clients have chosen. */
export function uploadBatchOf(id: string): string | undefined {
  return ftpId.exec(id)?.[1]
}

/** A new batch, of 16 random bytes. */
export function uploadBatch(random: Uint8Array): string {
  return `up_${Buffer.from(random).toString('hex')}`
}

/** The FTP id of one file of a batch, counted from 0; a message has ten at most. */
export function uploadId(batch: string, index: number): string {
  return `${batch}-${index}`
}
