import type { OnState, Store } from '../contract.js'
import { defaultInboxLimit, StoreOutage } from '../contract.js'
import { requireCommit } from '../require-commit.js'
import { CommitQueue } from './commit-queue.js'
import { Connection } from './connection.js'
import { randomName } from './digest.js'
import { newDocumentReads } from './document-reads.js'
import { defaultPrefix, requirePrefix } from './layout.js'
import { redisReader } from './reader.js'
import { parseRedisUrl } from './redis-url.js'
import { newReachability } from './reachability.js'

export interface RedisStoreOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string
  /** Begins every key; `nynja:` by default. */
  readonly prefix?: string
  /** Entries an inbox holds at most, the oldest dropped first; 1,000 by default. */
  readonly inboxLimit?: number
  /** Where Redis owes an answer and nothing comes for so long, the connection is given up; 5,000 ms by default. */
  readonly answerWithinMs?: number
  /** How long closing waits for what is under way; 5,000 ms by default. */
  readonly closeWithinMs?: number
  /** Told whenever Redis goes away or begins to refuse commits, and when it is back. */
  readonly onState?: OnState
}

/**
 * Opens the store in a Redis. Each thread that needs it opens a handle of its own; all of them, in any process, may read and commit.
 *
 * While Redis is away reads and new commits throw StoreOutage at once. Commits that were sent and not answered wait until it is back, and
 * resolve with what has become of them, exactly once; only closing gives them up.
 * @throws StoreOutage if Redis cannot be reached or cannot serve: the text says why, and holds no password.
 * @throws RangeError if the URL or the prefix is none.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { url, prefix = defaultPrefix, inboxLimit = defaultInboxLimit, answerWithinMs = 5_000, closeWithinMs = 5_000 } = options
  requirePrefix(prefix)
  const handle = randomName()
  const reachability = newReachability(options.onState)
  const queue: CommitQueue = new CommitQueue({ connection: () => connection, handle, inboxLimit, onWrite: reachability.wrote })
  const connection: Connection = await Connection.open({
    address: parseRedisUrl(url),
    prefix,
    answerWithinMs,
    onLink(link) {
      reachability.found()
      queue.resume(link)
    },
    onLost(because) {
      reachability.lost(because)
      queue.suspend(because)
    },
  })
  let closing: Promise<void> | undefined
  return {
    ...redisReader(connection, newDocumentReads(connection, prefix)),
    async commit(commit) {
      if (closing !== undefined) throw new StoreOutage('the store is closed')
      requireCommit(commit)
      return queue.add(commit)
    },
    close() {
      closing ??= closeStore(connection, queue, closeWithinMs, `${prefix}note:${handle}`)
      return closing
    },
  }
}

async function closeStore(connection: Connection, queue: CommitQueue, withinMs: number, note: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))
  await Promise.race([queue.idle(), tooLate])
  // The note of a handle of which nothing was ever in doubt serves nobody; any other expires.
  if (!queue.abandon()) await Promise.race([connection.ask('unlink', [note]).catch(() => undefined), tooLate])
  clearTimeout(timer)
  connection.close()
}
