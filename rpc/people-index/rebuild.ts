import type { Key, Row, Store } from '../../store/contract.js'
import { indexedTexts, indexMakings, nameSuffixes, nickSuffixes, rosters, unindexed } from '../documents/index.js'
import { indexPuts } from './index-puts.js'

/** How rows of the index are made now: by these rules (raised whenever a row changes), and by the characters this Node knows. */
const making = `3, Unicode ${process.versions['unicode'] ?? 'unknown'}`
const makingKey = 'people'
const pageRows = 500

/**
 * Makes the people index anew unless it was made as it is made now: a store of an earlier version has none, and another version of Unicode
 * folds texts to other texts. Nobody else may use the store meanwhile. One that breaks off begins again. Rosters that are not indexed yet are
 * left to the indexer where the index was there.
 * @returns how many rosters it was made from; undefined if it was there
 * @see docs/decisions/0118-people-are-found-by-suffixes.md
 */
export async function ensurePeopleIndex(store: Store): Promise<number | undefined> {
  const known = await store.get(indexMakings.key(makingKey))
  if (known !== undefined && indexMakings.decode(known) === making) return undefined
  await store.commit({ puts: [indexMakings.remove(makingKey)] })
  for (const table of [nameSuffixes, nickSuffixes, indexedTexts, unindexed]) {
    for await (const rows of pagesOf(store, table.prefix())) {
      await store.commit({ puts: rows.map(({ key }) => ({ key, value: undefined })) })
    }
  }
  let count = 0
  for await (const rows of pagesOf(store, rosters.prefix())) {
    await store.commit({ puts: rows.flatMap(({ key, value }) => indexPuts(undefined, rosters.decode(value), rosters.partsOf(key)[0])) })
    count += rows.length
  }
  await store.commit({ puts: [indexMakings.put(making, makingKey)] })
  return count
}

async function* pagesOf(store: Store, prefix: string): AsyncGenerator<readonly Row[]> {
  let after: Key | undefined
  do {
    const rows = await store.scan(prefix, { limit: pageRows, ...(after === undefined ? {} : { after }) })
    yield rows
    after = rows.length < pageRows ? undefined : rows.at(-1)?.key
  } while (after !== undefined)
}
