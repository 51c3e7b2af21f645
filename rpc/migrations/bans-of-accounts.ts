import { phoneOf, type Phone, type PhoneId } from '../../topics/index.js'
import type { Key, Put, Row, StoreReader } from '../../store/contract.js'
import { type ContactDocument, contacts, type PartingDocument, partings, rosters, shownAs } from '../documents/index.js'
import type { Migration } from './migration.js'

const pageRows = 500
/** Accounts that one account is parted from are read up to so many. */
const partedRows = 50_000

/**
 * Bans bound the two rosters they were made between. What contacts say of bans becomes the bans of their accounts; then all contacts between
 * such accounts are marked. A ban between rosters of one account, which there is none of any more, is lifted.
 * @see docs/decisions/0213-a-ban-is-between-two-people.md
 */
export const bansOfAccounts: Migration = {
  name: 'bans of accounts',
  stages: [
    { prefix: contacts.prefix(), pageRows, change: noteBans },
    { prefix: contacts.prefix(), pageRows, change: markContacts },
  ],
}

async function* noteBans(rows: readonly Row[], store: StoreReader): AsyncGenerator<readonly Put[]> {
  const noted = new Map<Key, Put>()
  for (const { key, value } of rows) {
    const [owner, other] = contacts.partsOf(key)
    const { bans, isBanned, update } = contacts.decode(value)
    const [a, b] = [phoneOf(owner), phoneOf(other)]
    if (!(bans || isBanned) || a === b) continue
    const known = await readBans(noted, store, a, b)
    const merged = {
      own: known.own ?? (bans ? { by: owner, at: update } : null),
      other: known.other ?? (isBanned ? { by: other, at: update } : null),
    }
    for (const put of [partings.put(merged, a, b), partings.put({ own: merged.other, other: merged.own }, b, a)]) noted.set(put.key, put)
  }
  if (noted.size > 0) yield [...noted.values()]
}

async function readBans(noted: ReadonlyMap<Key, Put>, store: StoreReader, a: Phone, b: Phone): Promise<PartingDocument> {
  const key = partings.key(a, b)
  const bytes = noted.get(key)?.value ?? (await store.get(key))
  return bytes === undefined ? { own: null, other: null } : partings.decode(bytes)
}

async function* markContacts(rows: readonly Row[], store: StoreReader): AsyncGenerator<readonly Put[]> {
  const puts: Put[] = []
  let known: { readonly account: Phone; readonly bans: ReadonlyMap<Phone, PartingDocument> } | undefined
  for (const { key, value } of rows) {
    const [owner, other] = contacts.partsOf(key)
    const account = phoneOf(owner)
    // Contacts of one roster follow each other.
    if (known?.account !== account) known = { account, bans: await readAllBans(store, account) }
    const contact = contacts.decode(value)
    const marked = await mark(contact, known.bans.get(phoneOf(other)), other, store)
    if (marked !== contact) puts.push(isLeft(marked) ? contacts.put(marked, owner, other) : contacts.remove(owner, other))
  }
  if (puts.length > 0) yield puts
}

/** A contact as the bans of the accounts have it; the same object where it says so already. */
async function mark(
  contact: ContactDocument,
  between: PartingDocument | undefined,
  other: PhoneId,
  store: StoreReader,
): Promise<ContactDocument> {
  const [bans, isBanned] = [(between?.own ?? null) !== null, (between?.other ?? null) !== null]
  const isParted = bans || isBanned
  if (contact.bans === bans && contact.isBanned === isBanned && (contact.shownAs !== undefined || !isParted)) return contact
  return { ...contact, bans, isBanned, ...(isParted ? await readShownAs(store, other) : {}) }
}

/** As whom somebody is shown from now on to those a ban parts him from. */
async function readShownAs(store: StoreReader, other: PhoneId): Promise<Pick<ContactDocument, 'shownAs'>> {
  const bytes = await store.get(rosters.key(other))
  return bytes === undefined ? {} : { shownAs: shownAs(rosters.decode(bytes)) }
}

function isLeft({ state, bans, isBanned }: ContactDocument): boolean {
  return state !== 'none' || bans || isBanned
}

async function readAllBans(store: StoreReader, account: Phone): Promise<ReadonlyMap<Phone, PartingDocument>> {
  const rows = await store.scan(partings.prefix(account), { limit: partedRows })
  return new Map(rows.map(({ key, value }) => [partings.partsOf(key)[1], partings.decode(value)]))
}
