import { integerAt } from '../../protocol/index.js'
import type { Appended, Commit, CommitResult, OpenedInbox } from '../contract.js'
import { StoreOutage } from '../contract.js'
import { readHead, shownHead } from '../inbox-head-bytes.js'
import { answers } from './carry-out.js'

/**
 * Parts the answer to commits that were sent together: for each its length (4), then what {@link decodeResult} reads. Undefined if later ones
 * have overtaken them.
 */
export function partsOf(answer: Buffer): Buffer[] | undefined {
  if (answer.length === 1 && answer[0] === answers.overtaken.charCodeAt(0)) return undefined
  const parts: Buffer[] = []
  for (let at = 0; at < answer.length;) {
    const from = at + 4
    at = from + answer.readUInt32BE(at)
    parts.push(answer.subarray(from, at))
  }
  return parts
}

/**
 * Reads what `carry-out.ts` tells of one commit: one byte for the kind, then four doubles an append (id, previous, position, ordinal); for
 * each opening two doubles (last, how far it may have been sent before), the bytes of the head, and who held it before; for each delivery its
 * number (double) and the place of its holder (4, from 1, 0 for nobody); if there are any, how many news and messages were dropped (4 each),
 * and the holders. Names and heads have their length (2) before them.
 * @param answer undefined if it has been overtaken
 * @throws StoreOutage if nothing of the commit was applied, and not because of a fact it rests on.
 */
export function decodeResult(answer: Buffer | undefined, commit: Commit): CommitResult {
  if (answer === undefined) {
    throw new StoreOutage('the commit was lost on its way to Redis, and later ones have overtaken it: nothing of it was applied')
  }
  switch (String.fromCharCode(answer[0] ?? 0)) {
    case answers.done:
      return decodeDone(answer, commit)
    case answers.conflict:
      return { kind: 'conflict' }
    case answers.fenced:
      return { kind: 'fenced' }
    case answers.full:
      throw new StoreOutage('a feed holds as many messages as Redis can keep: nothing of the commit was applied')
    default:
      throw new Error('Redis answers a commit with what is no answer')
  }
}

function decodeDone(bytes: Buffer, { appends = [], opens = [], deliveries = [] }: Commit): CommitResult {
  let at = 1
  const double = (): number => {
    at += 8
    return integerAt(bytes, at - 8)
  }
  const counter = (): number => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const part = (): Buffer => {
    const from = at + 2
    at = from + bytes.readUInt16BE(at)
    return bytes.subarray(from, at)
  }
  const appended = appends.map((): Appended => ({ id: double(), previous: double(), position: double(), ordinal: double() }))
  const opened = opens.map((): OpenedInbox => {
    const [last, sentBefore] = [double(), double()]
    return { head: shownHead(readHead(part(), 0), last), heldBefore: part().toString(), sentBefore }
  })
  const places: number[] = []
  const delivered = deliveries.map(() => {
    const number = double()
    places.push(counter())
    return number
  })
  const dropped = deliveries.length === 0 ? { news: 0, messages: 0 } : { news: counter(), messages: counter() }
  const names = ['']
  while (at < bytes.length) names.push(part().toString())
  return { kind: 'committed', appended, delivered, holders: places.map((place) => names[place] ?? ''), opened, dropped }
}
