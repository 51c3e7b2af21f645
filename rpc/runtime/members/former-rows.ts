import type { Fence, Opening, Store } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import { online } from '../../documents/index.js'

const pageRows = 500

/**
 * Removes what earlier starts of a process that has the store for itself have noted of their devices, and gives their inboxes up: with them it
 * has become void. How far these were sent died with them.
 */
export async function removeFormerRows(store: Store, boot: string, pause: () => Promise<void>): Promise<number> {
  let removed = 0
  for (let after: string | undefined; ;) {
    const rows = await store.scan(online.prefix(), { limit: pageRows, ...(after === undefined ? {} : { after }) })
    const former = rows.filter(({ key }) => online.partsOf(key)[0] !== boot)
    const puts = former.map(({ key }) => ({ key, value: undefined }))
    const held = await Promise.all(former.map(({ key }) => heldBefore(store, boot, online.partsOf(key)[1])))
    // Each by itself, for a device that has come meanwhile fences its own; asked for at once, they are written together.
    await Promise.all(held.flatMap((one) => (one === undefined ? [] : [store.commit({ fences: [one.fence], opens: [one.opening] })])))
    if (puts.length > 0) await store.commit({ puts })
    removed += former.length
    after = rows.at(-1)?.key
    if (after === undefined || rows.length < pageRows) return removed
    await pause()
  }
}

/** How an inbox that an earlier start holds is given up, unless its device comes first. */
async function heldBefore(
  store: Store,
  boot: string,
  client: ClientId,
): Promise<{ readonly fence: Fence; readonly opening: Opening } | undefined> {
  const head = await store.inboxHead(client)
  if (head === undefined || head.holder === '' || head.holder === boot) return undefined
  return { fence: { client, epoch: head.epoch }, opening: { client, holder: '' } }
}
