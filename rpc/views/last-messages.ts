import type { RecordOf } from '../../protocol/index.js'

/** Something of a list that shows the newest message of its feed; v11 may name it by its id. */
export interface WithLastMessage {
  readonly last_msg: RecordOf<'Message'> | number | null
}

/** Bytes that the last messages of one list take together: those of thousands of ordinary chats. */
const listBytes = 1024 * 1024
/** Entries that are read together: an engine behind a network answers them in few round trips. */
const readAtOnce = 256

/**
 * Reads the entries of a list, in the order of `keys`; what `read` finds nothing for is left out. Of the last messages the newest are shown that come to
 * a megabyte together: the others are empty, and found in the history of their feeds. So a list is bounded whatever people have written, and while
 * it is read no more of it is held.
 */
export async function readWithLastMessages<Key, Entry extends WithLastMessage>(
  keys: readonly Key[],
  read: (key: Key) => Promise<Entry | undefined>,
): Promise<readonly Entry[]> {
  let entries: Entry[] = []
  let bytes = 0
  for (let from = 0; from < keys.length; from += readAtOnce) {
    const some = await Promise.all(keys.slice(from, from + readAtOnce).map(read))
    for (const entry of some) {
      if (entry === undefined) continue
      entries.push(entry)
      bytes += bytesIn(entry.last_msg)
    }
    if (bytes <= listBytes) continue
    entries = withNewest(entries)
    bytes = entries.reduce((sum, { last_msg }) => sum + bytesIn(last_msg), 0)
  }
  return entries
}

function withNewest<Entry extends WithLastMessage>(entries: readonly Entry[]): Entry[] {
  let left = listBytes
  const kept = new Set<Entry>()
  for (const entry of [...entries].sort((one, other) => idOf(other) - idOf(one))) {
    left -= bytesIn(entry.last_msg)
    if (left < 0) break
    kept.add(entry)
  }
  return entries.map((entry) => (kept.has(entry) || entry.last_msg === null ? entry : { ...entry, last_msg: null }))
}

function idOf({ last_msg }: WithLastMessage): number {
  return (typeof last_msg === 'number' ? last_msg : last_msg?.id) ?? 0
}

/** About as many as it takes when it is encoded. */
function bytesIn(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (value instanceof Uint8Array) return value.byteLength
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 8
  for (const part of Object.values(value)) bytes += bytesIn(part)
  return bytes
}
