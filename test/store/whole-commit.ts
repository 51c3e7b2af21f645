import type { Commit, Store } from '../../store/index.js'

/** A commit that leaves its name in five places. */
export function wholeCommit(name: string): Commit {
  const bytes = Buffer.alloc(400, name)
  return {
    puts: [
      { key: `first/${name}`, value: bytes },
      { key: `second/${name}`, value: bytes },
    ],
    appends: [{ feed: 'log', message: Buffer.from(name), isCountable: true }],
    deliveries: [{ client: 'emqttd_1', topic: 't', qos: 2, body: Buffer.from(name), message: { append: 0 } }],
    outbox: [{ id: name, job: bytes }],
  }
}

/** The names found in the store, if each place holds the same ones: feed positions and inbox numbers dense, message ids those of the feed. */
export async function wholeCommits(store: Store): Promise<ReadonlySet<string>> {
  const all = 1_000_000
  const first = (await store.scan('first/', { limit: all })).map(({ key }) => key.slice('first/'.length))
  const second = (await store.scan('second/', { limit: all })).map(({ key }) => key.slice('second/'.length))
  const outbox = (await store.outboxPage(all)).map(({ id }) => id)
  const feed = await store.feedPage('log', { from: 0, direction: 'newer', limit: all })
  const head = await store.inboxHead('emqttd_1')
  const inbox = await store.inboxPage('emqttd_1', { after: 0, limit: all })
  const messages = feed.map(({ message }) => Buffer.from(message).toString())
  const owed = inbox.map(({ body }) => Buffer.from(body).toString())
  const isWhole =
    [second, outbox, [...messages].sort()].every((names) => String(names) === String(first)) &&
    feed.every(({ position, previous }, place) => position === place + 1 && previous === (feed[place - 1]?.id ?? 0)) &&
    String(owed) === String(messages.slice(messages.length - owed.length)) &&
    inbox.every(
      ({ number, messageId }, place) => number === feed.length - inbox.length + place + 1 && messageId === feed[number - 1]?.id,
    ) &&
    (head?.last ?? 0) === feed.length
  if (!isWhole) throw new Error(`half a commit: ${first.length} ${second.length} ${outbox.length} ${feed.length} ${owed.length}`)
  return new Set(first)
}
