import type { Key } from '../../../store/contract.js'
import type { PhoneId } from '../../../topics/index.js'
import { type ChorePlace, contacts, type ContactDocument, listedBy, type Table } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'

/** The place after one that is done with: the next roster, then the next stage; undefined at the end. */
export function nextPlace<Stage extends string>(
  stages: readonly Stage[],
  rosters: number,
  { stage, roster }: ChorePlace<Stage>,
): ChorePlace<Stage> | undefined {
  if (roster + 1 < rosters) return { stage, roster: roster + 1, after: '' }
  const next = stages[stages.indexOf(stage) + 1]
  return next === undefined ? undefined : { stage: next, roster: 0, after: '' }
}

/** Somebody who has, or may have, a contact of a roster, and that contact. */
export interface Counterparty {
  readonly other: PhoneId
  readonly side: ContactDocument | undefined
}

/** A page of keys that begin with an owner, as their second levels; `after` is the last of them if there may be more. */
export interface OwnedPage<Level extends string> {
  readonly levels: readonly Level[]
  readonly after: Level | undefined
}

/**
 * Those who know a roster: `contacts` are the ones it has a contact of, most of whom have one of it; `listers` those who have it in an address
 * book; those of them who are met among the contacts have no side here. A roster itself is among its contacts.
 */
export async function readCounterparties(
  facts: FactReader,
  roster: PhoneId,
  { stage, after }: { readonly stage: 'contacts' | 'listers'; readonly after: string },
  limit: number,
): Promise<{ readonly list: readonly Counterparty[]; readonly after: string | undefined }> {
  const page =
    stage === 'contacts' ? await ownedPage(facts, contacts, roster, after, limit) : await ownedPage(facts, listedBy, roster, after, limit)
  const list = await Promise.all(
    page.levels.map(async (other) => {
      const isMet = stage === 'listers' && (await facts.peek(contacts, roster, other)) !== undefined
      return { other, side: isMet ? undefined : await facts.get(contacts, other, roster) }
    }),
  )
  return { list, after: page.after }
}

/** A page of the rows of a table that belong to a roster. @param after the level behind which it begins, empty for the first page */
export async function ownedPage<Level extends string, Document>(
  facts: FactReader,
  table: Table<[owner: PhoneId, level: Level], Document>,
  owner: PhoneId,
  after: string,
  limit: number,
): Promise<OwnedPage<Level>> {
  const behind: { after?: Key } = after === '' ? {} : { after: table.key(owner, after as Level) }
  const { keys, next } = await facts.page(table, { parts: [owner], begins: '', limit, ...behind })
  const levels = keys.map(([, level]) => level)
  return { levels, after: next === undefined ? undefined : levels.at(-1) }
}
