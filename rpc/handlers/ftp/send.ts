import type { Ftp } from '../../../protocol/index.js'
import { fileUsage, type FileUsageDocument, type TransferDocument, transfers } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import type { TransferFiles } from '../../transfer-files.js'
import { completeFile, isStored } from './complete-file.js'
import { noUsage } from './init.js'
import { readOwnTransfer } from './own-transfer.js'
import { ackTransfer, failTransfer } from './transfer-ack.js'

interface SendFacts {
  readonly transfer: TransferDocument | undefined
  /** Where it is stored. */
  readonly level: string
  /** The block is durable at its place, and the file can be downloaded if this was the last one. */
  readonly isWritten: boolean
  readonly usage: FileUsageDocument
}

/**
 * ftp/send: a block of a file. The block is written before it is decided upon, as facts are: until the commit counts it, bytes behind those
 * that are stored mean nothing, and the next block overwrites them. Blocks of one device come one after another, so that no two are written
 * to the same place.
 * @param block bytes of the largest block
 * @refuses `invalid_data`, `unavailable`; an unknown id is answered by ftpack with status error
 * @see docs/protocol/rpc.md 16; docs/decisions/0131-bytes-first-then-the-commit.md
 */
export function sendTransfer(block: number) {
  return handler({
    async read({ record, caller, context }: Request<Ftp>, facts: FactReader): Promise<SendFacts> {
      const { level, transfer } = await readOwnTransfer(facts, caller, record.id ?? '')
      const isNext = transfer !== undefined && context.files !== null && placeOf(record, transfer, block) === 'next'
      return {
        transfer,
        level,
        isWritten: isNext && (await write(record, transfer, context.files)),
        usage: (transfer && (await facts.get(fileUsage, transfer.phone))) ?? noUsage,
      }
    },

    decide(request: Request<Ftp>, facts: SendFacts): Outcome {
      const { transfer } = facts
      if (request.context.files === null) return refuse('unavailable', 'this server keeps no files')
      if (!isWellFormed(request.record, block)) return refuse('invalid_data', 'a block out of bounds')
      if (transfer === undefined) return failTransfer(request, 'not_found')
      switch (placeOf(request.record, transfer, block)) {
        case 'beyond':
          return refuse('invalid_data', 'the block ends behind the file')
        case 'elsewhere':
          return accept({ sends: [ackTransfer(request, transfer, block)] })
        case 'next':
          return facts.isWritten ? append(request, { ...facts, transfer }, block) : refuse('unavailable', 'the files cannot be reached')
      }
    },
  })
}

function isWellFormed({ id, offset, data }: Ftp, block: number): boolean {
  return id !== null && id !== '' && offset >= 0 && data.length <= block
}

/** Where a block lies: behind what is stored, somewhere else, or partly behind the end of the file. */
function placeOf(record: Ftp, { stored, size }: TransferDocument, block: number): 'next' | 'elsewhere' | 'beyond' {
  const { offset, data } = record
  if (offset + data.length > size || !isWellFormed(record, block)) return 'beyond'
  return offset === stored && data.length > 0 ? 'next' : 'elsewhere'
}

function write({ offset, data }: Ftp, { file, filename, size }: TransferDocument, storage: TransferFiles): Promise<boolean> {
  return isStored(async () => {
    await storage.write(file, offset, data)
    if (offset + data.length === size) await storage.keep(file, filename)
  })
}

type Appended = Pick<SendFacts, 'level' | 'usage'> & { readonly transfer: TransferDocument }

function append(request: Request<Ftp>, { transfer: before, level, usage }: Appended, block: number): Outcome {
  const { record, caller, now, context } = request
  const transfer = { ...before, stored: before.stored + record.data.length }
  const { phone, size } = transfer
  const isComplete = transfer.stored === size
  return accept({
    puts: [
      transfers.put(transfer, caller.clientId, level),
      ...(isComplete
        ? [...completeFile(transfer, now, context), fileUsage.put({ ...usage, unfinished: Math.max(0, usage.unfinished - 1) }, phone)]
        : []),
    ],
    sends: [ackTransfer(request, transfer, block)],
  })
}
