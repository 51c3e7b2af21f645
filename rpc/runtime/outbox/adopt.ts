import type { Bytes, Check, OutboxEntry, Put, Store } from '../../../store/contract.js'
import { adoptedId, decodeContent, encodeContent, type EntryOwner, noticedMessages, ownerOf } from './entry.js'

/** An entry under the id of its new owner. */
export type Adopted = OutboxEntry

export interface AdoptWorld {
  readonly store: Store
  /** The entries become these. */
  readonly owner: EntryOwner
  /** Boot of the process whose entries they were. */
  readonly dead: string
  /** What makes the owner the heir: every commit rests on it. */
  readonly heirship: Check
  /** Told of what has been committed. */
  readonly hold: (entry: Adopted) => Promise<void>
  /** Lets requests go first. */
  readonly pause: () => Promise<void>
}

const pageEntries = 500
/** An entry may name thousands of people. */
const entriesPerCommit = 50

/**
 * Gives all entries of a dead process to a new owner. A commit removes them under their old ids and adds them under the new ones, so that they
 * are adopted once, whoever dies in between.
 * @returns false once `heirship` no longer holds
 */
export async function adoptEntries({ store, owner, dead, heirship, hold, pause }: AdoptWorld): Promise<boolean> {
  for (let after: string | undefined; ;) {
    const page = await store.outboxPage(pageEntries, after)
    const left = page.filter(({ id }) => ownerOf(id, Infinity).boot === dead)
    for (let first = 0; first < left.length; first += entriesPerCommit) {
      const taken = left.slice(first, first + entriesPerCommit)
      const { entries, puts } = await underNewIds(store, taken, owner)
      const result = await store.commit({ checks: [heirship], puts, outboxDone: taken.map(({ id }) => id), outbox: entries })
      if (result.kind !== 'committed') return false
      for (const entry of entries) await hold(entry)
    }
    after = page.at(-1)?.id
    if (after === undefined || page.length < pageEntries) return true
    await pause()
  }
}

interface Renamed {
  readonly entries: readonly Adopted[]
  readonly puts: readonly Put[]
}

async function underNewIds(store: Store, taken: readonly OutboxEntry[], owner: EntryOwner): Promise<Renamed> {
  const numbers = await store.getMany(taken.map(({ id }) => noticedMessages.key(id)))
  const entries = taken.map(({ id, job }, i) => ({ id: adoptedId(id, owner), job: withMessage(job, numbers[i]) }))
  const puts = taken.flatMap(({ id }, i) => (numbers[i] === undefined ? [] : [noticedMessages.remove(id)]))
  return { entries, puts }
}

/** The id of its message, which was stored beside a notice under its old id, goes into the notice. */
function withMessage(job: Bytes, number: Bytes | undefined): Bytes {
  const content = number === undefined ? undefined : decodeContent(job)
  if (number === undefined || content?.kind !== 'notice') return job
  return encodeContent({ ...content, isOfAppend: false, notice: { ...content.notice, message: noticedMessages.decode(number) } })
}
