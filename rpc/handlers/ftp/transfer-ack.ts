import { type Ftp, record } from '../../../protocol/index.js'
import type { TransferDocument } from '../../documents/index.js'
import { accept, answer, type Outcome, type Send } from '../../outcome.js'
import type { Request } from '../../request.js'

/** Why a transfer that is well-formed cannot go on, as `meta` of an ftpack with status error tells it. */
export type TransferError = 'too_large' | 'quota' | 'unfinished' | 'not_found' | 'not_authorized'

/**
 * Tells how much of a file is stored, and the size of the blocks to send; of a whole file (block 0) also its URL. The sid is never sent back:
 * it is a secret, and answers may be stored. The status is an atom or a binary as it was asked.
 */
export function ackTransfer({ record: asked, context }: Request<Ftp>, transfer: TransferDocument, block: number): Send {
  const isComplete = transfer.stored === transfer.size
  return answer(
    record('ftpack', {
      id: asked.id,
      sid: '',
      filename: transfer.filename,
      meta: isComplete && context.files !== null ? context.files.urlOf(transfer.file) : [],
      size: transfer.size,
      offset: transfer.stored,
      block: isComplete ? 0 : block,
      status: asked.status,
      status_form: asked.status_form,
    }),
  )
}

/** Nothing has changed, and the transfer cannot go on. @see docs/decisions/0130-file-transfer-on-the-wire.md */
export function failTransfer({ record: asked }: Request<Ftp>, because: TransferError): Outcome {
  const { id, filename, size, status_form } = asked
  return accept({ sends: [answer(record('ftpack', { id, sid: '', filename, size, meta: because, status: 'error', status_form }))] })
}
