import { type Ftp, limits } from '../../../protocol/index.js'
import { type Phone, phoneOf } from '../../../topics/index.js'
import {
  type FileKey,
  files,
  fileUsage,
  type FileUsageDocument,
  msgIdLevel,
  newFileKey,
  type TransferDocument,
  transfers,
  uploadBatchOf,
  type UploadOwner,
  uploadOwners,
} from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { ackTransfer, failTransfer, type TransferError } from './transfer-ack.js'

interface InitFacts {
  /** What this device has sent under this id before. */
  readonly known: TransferDocument | undefined
  /** All that counts as stored of it is there. */
  readonly isIntact: boolean
  readonly usage: FileUsageDocument
  /** Who may upload under an id of Message/upload; null for an id the device has chosen. */
  readonly batch: UploadOwner | undefined | null
  readonly newKey: FileKey
}

export const noUsage: FileUsageDocument = { bytes: 0, unfinished: 0 }

/**
 * ftp/init: begins a file or goes on with one. The same id, filename and size name the same file: its device learns how much of it is stored.
 * @param block bytes of the blocks that follow
 * @refuses `invalid_data`, `unavailable`; too large, too much or too many are answered by ftpack with status error
 * @see docs/protocol/rpc.md 16
 */
export function initTransfer(block: number) {
  return handler({
    async read({ record, caller, now, context }: Request<Ftp>, facts: FactReader): Promise<InitFacts> {
      const newKey = newFileKey(now, context.random(32))
      const batch = uploadBatchOf(record.id ?? '')
      const phone = caller.client.kind === 'device' ? caller.client.phone : undefined
      const known = await facts.get(transfers, caller.clientId, msgIdLevel(record.id ?? ''))
      return {
        known,
        isIntact: known !== undefined && (await isIntact(known, facts, context.files)),
        usage: (phone && (await facts.get(fileUsage, phone))) ?? noUsage,
        batch: batch === undefined ? null : await facts.get(uploadOwners, batch),
        newKey,
      }
    },

    decide(request: Request<Ftp>, transferFacts: InitFacts): Outcome {
      const { record, caller, context } = request
      if (caller.client.kind !== 'device') return refuse('not_authorized', 'only devices send files')
      if (!isWellFormed(record)) return refuse('invalid_data', 'no id, or a field out of bounds')
      if (context.files === null) return refuse('unavailable', 'this server keeps no files')
      const { known, isIntact } = transferFacts
      const isSame = known?.filename === record.filename && known.size === record.size
      if (known !== undefined && isSame && isIntact) return accept({ sends: [ackTransfer(request, known, block)] })
      return begin(request, caller.client.phone, transferFacts, block)
    },
  })
}

async function isIntact(known: TransferDocument, facts: FactReader, storage: Request['context']['files']): Promise<boolean> {
  if (known.stored === known.size) return (await facts.get(files, known.file)) !== undefined
  return storage !== null && (await storage.holds(known.file, known.stored))
}

function isWellFormed({ id, filename, size }: Ftp): boolean {
  return (
    isWithin(id, 1, limits.ftpIdMaxBytes) && isWithin(filename, 0, limits.ftpFilenameMaxBytes) && size > 0 && Number.isSafeInteger(size)
  )
}

function isWithin(text: string | null, min: number, max: number): boolean {
  const bytes = Buffer.byteLength(text ?? '')
  return bytes >= min && bytes <= max
}

/** An unfinished file of the same id makes room, on the disk as well: the new one takes its place. */
function begin(request: Request<Ftp>, phone: Phone, { known, usage, newKey, batch }: InitFacts, block: number): Outcome {
  const { record, caller, now } = request
  const replaced = known !== undefined && known.stored < known.size ? known : undefined
  const after: FileUsageDocument = {
    bytes: usage.bytes - (replaced?.size ?? 0) + record.size,
    unfinished: usage.unfinished + (replaced === undefined ? 1 : 0),
  }
  const problem = problemOf(request, phone, after, batch)
  if (problem !== undefined) return failTransfer(request, problem)
  const transfer: TransferDocument = {
    file: replaced?.file ?? newKey,
    phone,
    filename: record.filename ?? '',
    size: record.size,
    stored: 0,
    begun: now,
  }
  return accept({
    puts: [transfers.put(transfer, caller.clientId, msgIdLevel(record.id ?? '')), fileUsage.put(after, phone)],
    sends: [ackTransfer(request, transfer, block)],
  })
}

function problemOf(
  { record, now, context: { limits } }: Request<Ftp>,
  phone: Phone,
  after: FileUsageDocument,
  batch: InitFacts['batch'],
): TransferError | undefined {
  if (batch !== null && (batch === undefined || phoneOf(batch.owner) !== phone || now >= batch.until)) return 'not_authorized'
  if (record.size > limits.fileBytes) return 'too_large'
  if (after.unfinished > limits.unfinishedFiles) return 'unfinished'
  return after.bytes > limits.fileQuotaBytes ? 'quota' : undefined
}
