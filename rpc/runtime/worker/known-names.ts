import type { Put, StoreReader } from '../../../store/contract.js'
import { moveLevel, moveLogs, moves } from '../../documents/index.js'
import { CommitFirst, type FactReader } from '../../facts.js'
import { type Names, newNames } from '../../names/names.js'

/** The names a worker translates with, kept up with the log of namings in the store. */
export interface KnownNames {
  readonly names: Names
  /** The names as a batch sees them; its commit rests on them. @throws CommitFirst if the batch itself has changed them */
  asOf(reader: FactReader): Promise<Names>
  /**
   * Takes in what others have changed, so that what was committed before is called right. Undefined where nothing has changed: nobody need wait.
   */
  refresh(): Promise<void> | undefined
  /** The same after a batch has been committed. Without stamps, what it has seen of the names is as new as its commit, but for its own puts. */
  refreshAfterCommit(puts: readonly Put[]): Promise<void> | undefined
}

const pageRows = 1_000

export function newKnownNames(store: StoreReader): KnownNames {
  const names = newNames()
  const { stamps } = store
  const headKey = moveLogs.key('all')
  const slot = stamps?.slotOf(headKey) ?? 0
  let stamp: number | undefined
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    const before = stamps?.at(slot)
    for (;;) {
      const after = names.last === 0 ? {} : { after: moves.key('all', moveLevel(names.last)) }
      const rows = await store.scan(moves.prefix('all'), { limit: pageRows, ...after })
      for (const { key, value } of rows) names.add(Number(moves.partsOf(key)[1]), moves.decode(value))
      if (rows.length < pageRows) break
    }
    stamp = before
  }

  function loadOnce(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }

  /** Without stamps, the head of the log tells whether there is anything to be loaded. */
  async function loadIfBehind(): Promise<void> {
    const head = await store.get(headKey)
    if (head !== undefined && moveLogs.decode(head).last > names.last) await loadOnce()
  }

  function refresh(): Promise<void> | undefined {
    if (stamps === undefined) return loadIfBehind()
    if (stamps.at(slot) === stamp) return undefined
    return loading === undefined ? loadOnce() : loading.then(refresh)
  }

  return {
    names,
    async asOf(reader) {
      const isBehind = async (): Promise<boolean> => ((await reader.get(moveLogs, 'all'))?.last ?? 0) > names.last
      if (!(await isBehind())) return names
      await loadOnce()
      // A load that was under way may have begun before the entry was there. What is ahead of the store after another is the batch's own.
      if (await isBehind()) await loadOnce()
      if (await isBehind()) throw new CommitFirst(headKey)
      return names
    },
    refresh,
    refreshAfterCommit: (puts) => (stamps !== undefined || puts.some(({ key }) => key === headKey) ? refresh() : undefined),
  }
}
