import { createHash } from 'node:crypto'

/** Bytes of a {@link newsKey}. */
export const newsKeyBytes = 6

const known = new Map<string, number>()
const knownLimit = 4_096

/** What entries keep of the text of their news: a number of 48 bits, 0 for the empty text. The same text comes for many inboxes at a time. */
export function newsKey(news: string): number {
  if (news === '') return 0
  const before = known.get(news)
  if (before !== undefined) return before
  const key = createHash('sha1').update(news).digest().readUIntBE(0, newsKeyBytes) || 1
  if (known.size >= knownLimit) known.clear()
  known.set(news, key)
  return key
}
