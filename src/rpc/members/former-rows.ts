import type { Store } from '../../store/contract.js'
import { online } from '../documents/index.js'

const pageRows = 500

/** Removes what earlier starts of a process that has the store for itself have noted of their devices: with them it has become void. */
export async function removeFormerRows(store: Store, boot: string, pause: () => Promise<void>): Promise<number> {
  let removed = 0
  for (let after: string | undefined; ;) {
    const rows = await store.scan(online.prefix(), { limit: pageRows, ...(after === undefined ? {} : { after }) })
    const former = rows.filter(({ key }) => online.partsOf(key)[0] !== boot)
    if (former.length > 0) await store.commit({ puts: former.map(({ key }) => ({ key, value: undefined })) })
    removed += former.length
    after = rows.at(-1)?.key
    if (after === undefined || rows.length < pageRows) return removed
    await pause()
  }
}
