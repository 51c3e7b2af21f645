import type { Settlement, Store } from '../../../store/contract.js'

/**
 * Writes marks of inboxes. In a cluster another process may have opened some of them since: their marks are not written, and no PUBREL may follow
 * on the connection here, for the other process will send these entries again.
 * @returns the clients of those inboxes
 */
export async function writeSettlements(store: Store, settlements: readonly Settlement[]): Promise<ReadonlySet<string>> {
  const fences = settlements.flatMap(({ client, epoch }) => (epoch === undefined ? [] : [{ client, epoch }]))
  const result = await store.commit({ fences, settlements })
  if (result.kind !== 'fenced') return new Set()
  const heads = await Promise.all(fences.map(async ({ client }) => store.inboxHead(client)))
  const followed = new Set(fences.filter(({ epoch }, i) => (heads[i]?.epoch ?? 0) !== epoch).map(({ client }) => client))
  const others = settlements.filter(({ client }) => !followed.has(client))
  if (others.length === 0) return followed
  return new Set([...followed, ...(await writeSettlements(store, others))])
}
