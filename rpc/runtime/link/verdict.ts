import { type ErrorCode, reasons } from '../../../protocol/index.js'
import { type RefusalDetail, refusalDetails } from '../../refusal-detail.js'
import { type FrameReader, type FrameWriter, readNumber, readU16, readU8, writeNumber, writeU16, writeU8 } from './frame.js'

/**
 * What became of a request, as the door is told it came in by. It travels with the news that the request is done, after its commit; what a peer
 * is told of it is the door's matter: MQTT 3.1.1 acknowledges, whatever it says.
 */
export type Verdict =
  /**
   * Executed. `messages` are the ids of the messages it appended, in order; `queued` the numbers, in the asker's own inbox, of the answers that
   * were stored there for it.
   */
  | { readonly kind: 'done'; readonly messages: readonly number[]; readonly queued: readonly number[] }
  /** A retransmission of what had been executed before; nothing was done again. */
  | { readonly kind: 'repeated' }
  /** Nothing was changed. `unavailable` is a code like others: it may be asked again. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail?: RefusalDetail }
  /** A publish without the right, or one that says nothing: it did nothing, and is not answered. */
  | { readonly kind: 'dropped' }

const codes = Object.keys(reasons) as ErrorCode[]
const placeOf = new Map(codes.map((code, place) => [code, place]))

const isDone = 0
const isDoneWithNumbers = 1
const isRepeated = 2
const isDropped = 3
const isRefused = 4
const isRefusedInDetail = 5

/** One byte for most. @throws RangeError for a list that no request leads to */
export function writeVerdict(frame: FrameWriter, verdict: Verdict): void {
  switch (verdict.kind) {
    case 'done':
      if (verdict.messages.length + verdict.queued.length === 0) writeU8(frame, isDone)
      else {
        writeU8(frame, isDoneWithNumbers)
        writeNumbers(frame, verdict.messages)
        writeNumbers(frame, verdict.queued)
      }
      return
    case 'repeated':
      writeU8(frame, isRepeated)
      return
    case 'dropped':
      writeU8(frame, isDropped)
      return
    case 'refused':
      writeU8(frame, verdict.detail === undefined ? isRefused : isRefusedInDetail)
      writeU8(frame, placeOf.get(verdict.code) ?? 0)
      if (verdict.detail !== undefined) writeU8(frame, refusalDetails.indexOf(verdict.detail))
  }
}

const none: readonly number[] = []
const done: Verdict = { kind: 'done', messages: none, queued: none }
const repeated: Verdict = { kind: 'repeated' }
const dropped: Verdict = { kind: 'dropped' }
const refused: readonly Verdict[] = codes.map((code) => ({ kind: 'refused', code }))

export function readVerdict(frame: FrameReader): Verdict {
  switch (readU8(frame)) {
    case isDone:
      return done
    case isDoneWithNumbers:
      return { kind: 'done', messages: readNumbers(frame), queued: readNumbers(frame) }
    case isRepeated:
      return repeated
    case isDropped:
      return dropped
    case isRefusedInDetail: {
      const code = codes[readU8(frame)]
      const detail = refusalDetails[readU8(frame)]
      return code === undefined || detail === undefined ? dropped : { kind: 'refused', code, detail }
    }
    default:
      return refused[readU8(frame)] ?? dropped
  }
}

function writeNumbers(frame: FrameWriter, numbers: readonly number[]): void {
  writeU16(frame, numbers.length)
  for (const number of numbers) writeNumber(frame, number)
}

function readNumbers(frame: FrameReader): number[] {
  const numbers: number[] = []
  for (let left = readU16(frame); left > 0; left--) numbers.push(readNumber(frame))
  return numbers
}
