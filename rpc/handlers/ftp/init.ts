import { type Ftp, limits } from '../../../protocol/index.js'
import { type Phone, phoneOf } from '../../../topics/index.js'
import {
  addressLevel,
  addressUsage,
  type AddressUsageDocument,
  type FileKey,
  files,
  fileUsage,
  type FileUsageDocument,
  newFileKey,
  type TransferDocument,
  transfers,
  unnamedFiles,
  uploadBatchOf,
  type UploadOwner,
  uploadOwners,
} from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import type { TransferFiles } from '../../transfer-files.js'
import { completeFile, isStored } from './complete-file.js'
import { readOwnTransfer } from './own-transfer.js'
import { ackTransfer, failTransfer, type TransferError } from './transfer-ack.js'

interface InitFacts {
  /** What this device has sent under this id before. */
  readonly known: TransferDocument | undefined
  /** Where it is stored. */
  readonly level: string
  /** All that counts as stored of it is there. */
  readonly isIntact: boolean
  readonly usage: FileUsageDocument
  /** What has been begun from this address today; undefined where nobody counts. */
  readonly addressUsage: AddressUsageDocument | undefined
  /** Who may upload under an id of Message/upload; null for an id the device has chosen. */
  readonly batch: UploadOwner | undefined | null
  readonly newKey: FileKey
}

/** What asking for a file comes to: it is known already, cannot be, or begins. */
type Plan =
  | { readonly kind: 'known'; readonly transfer: TransferDocument }
  | { readonly kind: 'problem'; readonly because: TransferError }
  | {
      readonly kind: 'begin'
      readonly level: string
      readonly transfer: TransferDocument
      readonly usage: FileUsageDocument
      readonly today: AddressUsageDocument | undefined
    }

export const noUsage: FileUsageDocument = { bytes: 0, unfinished: 0 }

/**
 * ftp/init: begins a file or goes on with one. The same id, filename and size name the same file: its device learns how much of it is stored.
 * An empty file is complete at once; it is kept before it is decided upon, as the last block of another is.
 * @param block bytes of the blocks that follow
 * @refuses `invalid_data`, `unavailable`; too large, too much or too many are answered by ftpack with status error
 * @see docs/protocol/rpc.md 16
 */
export function initTransfer(block: number) {
  return handler({
    async read(request: Request<Ftp>, facts: FactReader) {
      const init = await readInit(request, facts)
      const { client } = request.caller
      const plan = client.kind === 'device' && isWellFormed(request.record) ? planInit(request, client.phone, init) : undefined
      return { plan, isKept: plan?.kind !== 'begin' || plan.transfer.size > 0 || (await keepEmpty(plan.transfer, request.context.files)) }
    },

    decide(request: Request<Ftp>, { plan, isKept }: { readonly plan: Plan | undefined; readonly isKept: boolean }): Outcome {
      if (request.caller.client.kind !== 'device') return refuse('not_authorized', 'only devices send files')
      if (plan === undefined) return refuse('invalid_data', 'no id, or a field out of bounds')
      if (request.context.files === null) return refuse('unavailable', 'this server keeps no files')
      switch (plan.kind) {
        case 'known':
          return accept({ sends: [ackTransfer(request, plan.transfer, block)] })
        case 'problem':
          return failTransfer(request, plan.because)
        case 'begin':
          return isKept ? begin(request, plan, block) : refuse('unavailable', 'the files cannot be reached')
      }
    },
  })
}

async function readInit({ record, caller, now, context }: Request<Ftp>, facts: FactReader): Promise<InitFacts> {
  const newKey = newFileKey(now, context.random(32))
  const batch = uploadBatchOf(record.id ?? '')
  const phone = caller.client.kind === 'device' ? caller.client.phone : undefined
  const { level, transfer: known } = await readOwnTransfer(facts, caller, record.id ?? '')
  const isCounted = context.limits.addressFileBytes !== Infinity
  return {
    known,
    level,
    isIntact: known !== undefined && (await isIntact(known, facts, context.files)),
    usage: (phone && (await facts.get(fileUsage, phone))) ?? noUsage,
    addressUsage: isCounted ? ((await facts.get(addressUsage, addressLevel(caller.address))) ?? { day: 0, bytes: 0 }) : undefined,
    batch: batch === undefined ? null : await facts.get(uploadOwners, batch),
    newKey,
  }
}

async function isIntact(known: TransferDocument, facts: FactReader, storage: Request['context']['files']): Promise<boolean> {
  if (known.stored === known.size) {
    const [file, unnamed] = await Promise.all([facts.get(files, known.file), facts.get(unnamedFiles, known.file)])
    return file !== undefined && unnamed?.isGoing !== true
  }
  return storage !== null && (await storage.holds(known.file, known.stored))
}

async function keepEmpty({ file, filename }: TransferDocument, storage: TransferFiles | null): Promise<boolean> {
  return storage !== null && (await isStored(() => storage.write(file, 0, nothing).then(() => storage.keep(file, filename))))
}

const nothing = new Uint8Array(0)

function isWellFormed({ id, filename, size }: Ftp): boolean {
  return (
    isWithin(id, 1, limits.ftpIdMaxBytes) && isWithin(filename, 0, limits.ftpFilenameMaxBytes) && size >= 0 && Number.isSafeInteger(size)
  )
}

function isWithin(text: string | null, min: number, max: number): boolean {
  const bytes = Buffer.byteLength(text ?? '')
  return bytes >= min && bytes <= max
}

/** An unfinished file of the same id makes room, on the disk as well: the new one takes its place. */
function planInit(request: Request<Ftp>, phone: Phone, facts: InitFacts): Plan {
  const { record, now } = request
  const { known, level, isIntact, newKey } = facts
  if (known !== undefined && isIntact && known.filename === record.filename && known.size === record.size) {
    return { kind: 'known', transfer: known }
  }
  const replaced = known !== undefined && known.stored < known.size ? known : undefined
  const usage = usageWith(record.size, facts.usage, replaced)
  const today = facts.addressUsage && todayWith(record.size, facts.addressUsage, now)
  const because = problemOf(request, phone, { after: usage, today, batch: facts.batch })
  if (because !== undefined) return { kind: 'problem', because }
  const filename = record.filename ?? ''
  const transfer: TransferDocument = { file: replaced?.file ?? newKey, phone, filename, size: record.size, stored: 0, begun: now }
  return { kind: 'begin', level, transfer, usage, today }
}

function usageWith(size: number, { bytes, unfinished }: FileUsageDocument, replaced: TransferDocument | undefined): FileUsageDocument {
  const begun = size === 0 ? 0 : 1
  return replaced === undefined
    ? { bytes: bytes + size, unfinished: unfinished + begun }
    : { bytes: bytes - replaced.size + size, unfinished: unfinished - 1 + begun }
}

function todayWith(size: number, before: AddressUsageDocument, now: number): AddressUsageDocument {
  const day = Math.floor(now / dayMs)
  return { day, bytes: (before.day === day ? before.bytes : 0) + size }
}

const dayMs = 24 * 60 * 60_000

function begin(request: Request<Ftp>, { level, transfer, usage, today }: Plan & { kind: 'begin' }, block: number): Outcome {
  const { caller, now, context } = request
  return accept({
    puts: [
      transfers.put(transfer, caller.clientId, level),
      fileUsage.put(usage, transfer.phone),
      ...(today === undefined ? [] : [addressUsage.put(today, addressLevel(caller.address))]),
      ...(transfer.size === 0 ? completeFile(transfer, now, context) : []),
    ],
    sends: [ackTransfer(request, transfer, block)],
  })
}

interface Counts {
  readonly after: FileUsageDocument
  readonly today: AddressUsageDocument | undefined
  readonly batch: InitFacts['batch']
}

function problemOf(
  { record, now, context: { limits } }: Request<Ftp>,
  phone: Phone,
  { after, today, batch }: Counts,
): TransferError | undefined {
  if (batch !== null && (batch === undefined || phoneOf(batch.owner) !== phone || now >= batch.until)) return 'not_authorized'
  if (record.size > limits.fileBytes) return 'too_large'
  if (after.unfinished > limits.unfinishedFiles) return 'unfinished'
  return after.bytes > limits.fileQuotaBytes || (today?.bytes ?? 0) > limits.addressFileBytes ? 'quota' : undefined
}
