import type { Append, Appended, FeedHead } from '../contract.js'
import { messageKey, numberBytes, readNumber } from '../contract.js'
import { decodeFeedHead, encodeFeedHead, encodeFeedPlace } from './feed-rows.js'
import type { Rows } from './group-rows.js'
import { documentRow, feedHeadRow, feedPlaceRow, lastIdRow } from './row-keys.js'

/** The feeds that a group of commits appends to, and the message ids it gives: heads are read once and written once for the whole group. */
export interface GroupFeeds {
  append(append: Append): Appended
  /** Writes the heads and the last id. */
  write(): void
}

export function groupFeeds(rows: Rows): GroupFeeds {
  const heads = new Map<string, FeedHead>()
  let lastId: number | undefined

  function nextId(): number {
    if (lastId === undefined) {
      const bytes = rows.get(lastIdRow)
      lastId = bytes === undefined ? 0 : readNumber(bytes)
    }
    lastId += 1
    return lastId
  }

  return {
    append({ feed, message, isCountable }) {
      const head = heads.get(feed) ?? decodeFeedHead(rows.get(feedHeadRow(feed)))
      const id = nextId()
      const ordinal = head.ordinal + (isCountable ? 1 : 0)
      const appended = { id, previous: head.lastId, position: head.count + 1, ordinal }
      heads.set(feed, { lastId: id, count: appended.position, ordinal })
      rows.put(feedPlaceRow(feed, id), encodeFeedPlace(appended))
      rows.put(documentRow(messageKey(id)), message)
      return appended
    },
    write() {
      for (const [feed, head] of heads) rows.put(feedHeadRow(feed), encodeFeedHead(head))
      if (lastId !== undefined) rows.put(lastIdRow, numberBytes(lastId))
    },
  }
}
