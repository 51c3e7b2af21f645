import { type History, type Job, limits, record, type StickerPack } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { accept, answer, type Outcome } from '../../outcome.js'
import type { Request } from '../../request.js'
import { slicesOf } from './slices.js'

/** A page of things that are few enough to be read whole. */
export interface ListedPage<T> {
  /** Ascending. */
  readonly entries: readonly T[]
  /** Id to continue with in the same direction, 0 at the end. */
  readonly next: number
}

/** Entries of a page; negative towards the older. @param most that one request returns */
export function pageSize(asked: number | null, most: number): number {
  if (asked === null || asked === 0) return -limits.historyPageDefault
  return Math.max(-most, Math.min(most, asked))
}

/** The page that a request asks for of a list in the order of its ids, by the rules of messages. @see docs/protocol/rpc.md 10, History/get */
export function pageOf<T extends { readonly id: number }>(list: readonly T[], size: number, from: number): ListedPage<T> {
  const wanted = Math.abs(size)
  if (size > 0) {
    const newer = list.filter(({ id }) => id >= from)
    return { entries: newer.slice(0, wanted), next: newer[wanted]?.id ?? 0 }
  }
  const older = list.filter(({ id }) => from === 0 || id <= from)
  const surplus = Math.max(0, older.length - wanted)
  return { entries: older.slice(surplus), next: older[surplus - 1]?.id ?? 0 }
}

/** Payloads that one page takes at most: they come to the bytes of a page of messages. */
const maxSlices = limits.historyPageBytes / limits.payloadBytes

/** Answers with a page, in several answers where one payload does not hold it; a page of too many is cut, as one of messages. */
export function answerListed({ record: asked, caller }: Request<History>, owner: PhoneId, page: ListedPage<Job | StickerPack>): Outcome {
  const { feed, size, status } = asked
  const all = slicesOf(page.entries, { codec: caller.codec, dialect: caller.dialect })
  const isNewer = size !== null && size > 0
  const slices = isNewer ? all.slice(0, maxSlices) : all.slice(-maxSlices)
  const isCut = slices.length < all.length
  const first = isNewer ? all[maxSlices]?.[0] : all[all.length - maxSlices - 1]?.at(-1)
  const next = isCut ? (first?.id ?? 0) : page.next
  const entity_id = isCut && caller.dialect === 'v11' ? next : asked.entity_id
  const head = { roster_id: owner, feed, size, next, entity_id, status }
  return accept({ sends: slices.map((data) => answer(record('History', { ...head, data }))) })
}
