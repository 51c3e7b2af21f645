import type {
  Append,
  Appended,
  Commit,
  CommitResult,
  Delivery,
  FeedEntry,
  InboxEntry,
  InboxHead,
  OpenedInbox,
  Opening,
  OutboxEntry,
  Row,
  Settlement,
} from '../../src/store/contract.js'
import { messageKey, numberBytes } from '../../src/store/contract.js'

/** The contract as a plain program in memory: what any engine has to answer, one commit after the other. */
export interface StoreModel {
  apply(commit: Commit): CommitResult
  get(key: string): Uint8Array | undefined
  scan(prefix: string, limit: number, after?: string): Row[]
  feed(name: string): readonly Appended[]
  feedPage(name: string, from: number, direction: 'older' | 'newer', limit: number): FeedEntry[]
  inboxHead(client: string): InboxHead | undefined
  inboxPage(client: string, after: number, limit: number): InboxEntry[]
  outbox(): OutboxEntry[]
}

interface Inbox {
  head: InboxHead
  entries: InboxEntry[]
}

export function storeModel(inboxLimit: number): StoreModel {
  const documents = new Map<string, Uint8Array>()
  const feeds = new Map<string, Appended[]>()
  const inboxes = new Map<string, Inbox>()
  const outbox = new Map<string, Uint8Array>()
  let lastId = 0

  function put(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) documents.delete(key)
    else documents.set(key, value)
  }

  function append({ feed, message, isCountable }: Append): Appended {
    const places = feeds.get(feed) ?? []
    const before = places.at(-1)
    const appended = {
      id: ++lastId,
      previous: before?.id ?? 0,
      position: places.length + 1,
      ordinal: (before?.ordinal ?? 0) + (isCountable ? 1 : 0),
    }
    feeds.set(feed, [...places, appended])
    put(messageKey(appended.id), message)
    return appended
  }

  function open({ client, holder }: Opening): OpenedInbox {
    const inbox = inboxes.get(client) ?? noInbox()
    inboxes.set(client, inbox)
    const heldBefore = inbox.head.holder
    inbox.head = { ...inbox.head, epoch: inbox.head.epoch + 1, holder }
    return { head: inbox.head, heldBefore }
  }

  function settle({ client, settledTo, releasedTo, epoch }: Settlement): void {
    const inbox = inboxes.get(client)
    if (inbox === undefined || (epoch !== undefined && epoch < inbox.head.epoch)) return
    const upTo = Math.max(inbox.head.settledTo, Math.min(settledTo, inbox.head.last))
    const released = Math.max(inbox.head.releasedTo, Math.min(releasedTo, inbox.head.last))
    inbox.head = { ...inbox.head, settledTo: upTo, releasedTo: released }
    inbox.entries = inbox.entries.filter(({ number }) => number > upTo)
  }

  function deliver({ client, topic, qos, body, message }: Delivery, appended: readonly Appended[]): number {
    const inbox = inboxes.get(client) ?? noInbox()
    inboxes.set(client, inbox)
    const number = inbox.head.last + 1
    const messageId = message === undefined ? 0 : 'id' in message ? message.id : (appended[message.append]?.id ?? NaN)
    inbox.head = { ...inbox.head, last: number }
    inbox.entries.push({ number, topic, qos, body, messageId })
    if (inbox.entries.length > inboxLimit) {
      inbox.entries.shift()
      inbox.head = { ...inbox.head, settledTo: inbox.head.settledTo + 1, dropped: inbox.head.dropped + 1 }
    }
    return number
  }

  function apply(commit: Commit): CommitResult {
    const isFenced = (commit.fences ?? []).some(({ client, epoch }) => (inboxes.get(client)?.head.epoch ?? 0) !== epoch)
    if (isFenced) return { kind: 'fenced' }
    const isHeld = (commit.checks ?? []).every(({ key, was }) => isSame(documents.get(key), was))
    if (!isHeld) return { kind: 'conflict' }
    const appended = applyToDocuments(commit)
    const { delivered, opened } = applyToInboxes(commit, appended)
    const holders = (commit.deliveries ?? []).map(({ client }) => inboxes.get(client)?.head.holder ?? '')
    for (const id of commit.outboxDone ?? []) outbox.delete(id)
    for (const { id, job } of commit.outbox ?? []) outbox.set(id, job)
    return { kind: 'committed', appended, delivered, holders, opened }
  }

  function applyToDocuments({ appends, puts, numbers }: Commit): Appended[] {
    const appended = (appends ?? []).map(append)
    for (const { key, value } of puts ?? []) put(key, value)
    for (const { key, append: place } of numbers ?? []) put(key, numberBytes(appended[place]?.id ?? NaN))
    return appended
  }

  function applyToInboxes({ clearInboxes, opens, settlements, deliveries }: Commit, appended: readonly Appended[]) {
    for (const client of clearInboxes ?? []) settle({ client, settledTo: Infinity, releasedTo: Infinity })
    const opened = (opens ?? []).map(open)
    for (const settlement of settlements ?? []) settle(settlement)
    return { opened, delivered: (deliveries ?? []).map((delivery) => deliver(delivery, appended)) }
  }

  const feed = (name: string): readonly Appended[] => feeds.get(name) ?? []

  function feedPage(name: string, from: number, direction: 'older' | 'newer', limit: number): FeedEntry[] {
    const places =
      direction === 'older'
        ? feed(name)
            .filter(({ id }) => from === 0 || id <= from)
            .slice(-limit)
        : feed(name)
            .filter(({ id }) => id >= from)
            .slice(0, limit)
    return places.map((place) => ({ ...place, message: documents.get(messageKey(place.id)) ?? new Uint8Array() }))
  }

  return {
    apply,
    feed,
    feedPage,
    get: (key) => documents.get(key),
    scan: (prefix, limit, after) =>
      sorted(documents)
        .filter(([key]) => key.startsWith(prefix) && (after === undefined || isBefore(after, key)))
        .slice(0, limit)
        .map(([key, value]) => ({ key, value })),
    inboxHead: (client) => inboxes.get(client)?.head,
    inboxPage: (client, after, limit) => (inboxes.get(client)?.entries ?? []).filter(({ number }) => number > after).slice(0, limit),
    outbox: () => sorted(outbox).map(([id, job]) => ({ id, job })),
  }
}

function noInbox(): Inbox {
  return { head: { last: 0, settledTo: 0, releasedTo: 0, dropped: 0, epoch: 0, holder: '' }, entries: [] }
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0
}

function isBefore(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0
}

function sorted(rows: ReadonlyMap<string, Uint8Array>): [string, Uint8Array][] {
  return [...rows].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}
