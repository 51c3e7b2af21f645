import type { Commit, CommitResult, Store } from '../../store/contract.js'

/** Reads what a test's setup has opened. */
export type Get<T> = () => T

export const text = (words: string): Buffer => Buffer.from(words)
export const plain = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()
export const put = (key: string, words: string): Commit => ({ puts: [{ key, value: text(words) }] })
export const message = (feed: string, words = 'm'): NonNullable<Commit['appends']>[number] => ({
  feed,
  message: text(words),
  isCountable: true,
})
export const delivery = (client: string, words = 'b'): NonNullable<Commit['deliveries']>[number] => ({
  client,
  topic: 't',
  qos: 2,
  body: text(words),
})
export const times = (count: number): number[] => Array.from({ length: count }, (_, place) => place)

export async function committed(store: Store, commit: Commit): Promise<Extract<CommitResult, { kind: 'committed' }>> {
  const result = await store.commit(commit)
  if (result.kind !== 'committed') throw new Error('the commit met a conflict')
  return result
}
