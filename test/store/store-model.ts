import type {
  Append,
  Appended,
  Commit,
  CommitResult,
  Delivery,
  DroppedEntries,
  FeedEntry,
  InboxEntry,
  InboxHead,
  Loss,
  OpenedInbox,
  Opening,
  OutboxEntry,
  Row,
  Settlement,
  ToldLosses,
} from '../../store/contract.js'
import { inboxReach, maxLosses, messageKey, numberBytes } from '../../store/contract.js'

/** The contract as a plain program in memory: what any engine has to answer, one commit after the other. */
export interface StoreModel {
  apply(commit: Commit): CommitResult
  get(key: string): Uint8Array | undefined
  scan(prefix: string, limit: number, after?: string): Row[]
  feed(name: string): readonly Appended[]
  feedPage(name: string, from: number, direction: 'older' | 'newer', limit: number, bytes?: number): FeedEntry[]
  inboxHead(client: string): InboxHead | undefined
  inboxPage(client: string, after: number, limit: number, bytes?: number): InboxEntry[]
  inboxLosses(client: string): Loss[]
  outbox(): OutboxEntry[]
}

interface Inbox {
  /** `sentTo` as it was when nobody held it last. */
  head: InboxHead
  entries: HeldEntry[]
  losses: Map<string, number>
  isRunOver: boolean
}

interface HeldEntry extends InboxEntry {
  readonly news: string | undefined
  readonly loss: Loss | undefined
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

  function inboxOf(client: string): Inbox {
    const inbox = inboxes.get(client) ?? noInbox()
    inboxes.set(client, inbox)
    return inbox
  }

  function open({ client, holder, sentTo = Infinity }: Opening): OpenedInbox {
    const inbox = inboxOf(client)
    const before = shown(inbox)
    const { last } = inbox.head
    const sent = holder === '' ? Math.min(last, Math.max(inbox.head.sentTo, sentTo)) : inbox.head.sentTo
    inbox.head = { ...inbox.head, epoch: inbox.head.epoch + 1, holder, sentTo: sent }
    if (holder === '') {
      const isReplaced = ({ number, news = '' }: HeldEntry, place: number): boolean =>
        news !== '' && number > sent && inbox.entries.slice(place + 1).some((later) => later.news === news)
      inbox.entries = inbox.entries.filter((entry, place) => !isReplaced(entry, place))
    }
    return { head: shown(inbox), heldBefore: before.holder, sentBefore: before.sentTo }
  }

  function settle({ client, settledTo, releasedTo, epoch }: Settlement): void {
    const inbox = inboxes.get(client)
    if (inbox === undefined || (epoch !== undefined && epoch < inbox.head.epoch)) return
    const upTo = Math.max(inbox.head.settledTo, Math.min(settledTo, inbox.head.last))
    const released = Math.max(inbox.head.releasedTo, Math.min(releasedTo, inbox.head.last))
    inbox.isRunOver ||= upTo > inbox.head.settledTo
    inbox.head = { ...inbox.head, settledTo: upTo, releasedTo: released }
    inbox.entries = inbox.entries.filter(({ number }) => number > upTo)
  }

  function clear(client: string): void {
    settle({ client, settledTo: Infinity, releasedTo: Infinity })
    inboxes.get(client)?.losses.clear()
  }

  function tellLosses({ client, dropped }: ToldLosses): void {
    const inbox = inboxes.get(client)
    if (inbox?.head.dropped === dropped) inbox.losses.clear()
  }

  function deliver(
    { client, topic, qos, body, message, news, loss, isExtra }: Delivery,
    appended: readonly Appended[],
    dropped: Record<'news' | 'messages', number>,
  ): number {
    const inbox = inboxOf(client)
    const { head } = inbox
    const number = head.last + 1
    const messageId = idOf(message, appended)
    inbox.head = { ...head, last: number }
    const isReplaced = (one: HeldEntry): boolean => one.number > head.sentTo && one.news === news
    if (head.holder === '' && news !== undefined && news !== '') inbox.entries = inbox.entries.filter((one) => !isReplaced(one))
    inbox.entries.push({ number, topic, qos, body, messageId, news, loss })
    if (isExtra === true) return number
    for (;;) {
      const isFull = inbox.entries.length > inboxLimit
      if (!isFull && number - inbox.head.settledTo <= inboxLimit * inboxReach) return number
      const victim = (isFull ? inbox.entries.find((one) => one.news !== undefined) : undefined) ?? inbox.entries[0]
      if (victim === undefined) throw new Error('an inbox reaches too far and holds nothing')
      drop(inbox, victim)
      dropped[victim.news === undefined ? 'messages' : 'news']++
    }
  }

  function drop(inbox: Inbox, { number, news, loss, messageId }: HeldEntry): void {
    inbox.entries = inbox.entries.filter((one) => one.number !== number)
    const { head, losses } = inbox
    const settledTo = (inbox.entries[0]?.number ?? head.last + 1) - 1
    inbox.head = { ...head, settledTo, dropped: head.dropped + 1 }
    if (number <= head.releasedTo) return
    if (news === undefined) addToRun(inbox, number, messageId)
    if (loss === undefined) return
    const of = losses.has(loss.of) || losses.size < maxLosses ? loss.of : ''
    if (!losses.has(of)) losses.set(of, loss.since)
  }

  function addToRun(inbox: Inbox, number: number, messageId: number): void {
    const run = inbox.isRunOver ? null : inbox.head.lost
    const ids = [run?.fromId ?? 0, run?.toId ?? 0, messageId].filter((id) => id > 0)
    const [fromId, toId] = ids.length === 0 ? [0, 0] : [Math.min(...ids), Math.max(...ids)]
    inbox.head = { ...inbox.head, lost: { from: run?.from ?? number, to: number, fromId, toId } }
    inbox.isRunOver = false
  }

  function apply(commit: Commit): CommitResult {
    const isFenced = (commit.fences ?? []).some(({ client, epoch }) => (inboxes.get(client)?.head.epoch ?? 0) !== epoch)
    if (isFenced) return { kind: 'fenced' }
    const isHeld = (commit.checks ?? []).every(({ key, was }) => isSame(documents.get(key), was))
    if (!isHeld) return { kind: 'conflict' }
    const appended = applyToDocuments(commit)
    const toInboxes = applyToInboxes(commit, appended)
    const holders = (commit.deliveries ?? []).map(({ client }) => inboxes.get(client)?.head.holder ?? '')
    for (const id of commit.outboxDone ?? []) outbox.delete(id)
    for (const { id, job } of commit.outbox ?? []) outbox.set(id, job)
    return { kind: 'committed', appended, holders, ...toInboxes }
  }

  function applyToDocuments({ appends, puts, numbers }: Commit): Appended[] {
    const appended = (appends ?? []).map(append)
    for (const { key, value } of puts ?? []) put(key, value)
    for (const { key, append: place } of numbers ?? []) put(key, numberBytes(appended[place]?.id ?? NaN))
    return appended
  }

  function applyToInboxes(
    { clearInboxes, opens, settlements, lossesTold, deliveries }: Commit,
    appended: readonly Appended[],
  ): { opened: OpenedInbox[]; delivered: number[]; dropped: DroppedEntries } {
    for (const client of clearInboxes ?? []) clear(client)
    const opened = (opens ?? []).map(open)
    for (const settlement of settlements ?? []) settle(settlement)
    for (const told of lossesTold ?? []) tellLosses(told)
    const dropped = { news: 0, messages: 0 }
    return { opened, delivered: (deliveries ?? []).map((delivery) => deliver(delivery, appended, dropped)), dropped }
  }

  const feed = (name: string): readonly Appended[] => feeds.get(name) ?? []

  function feedPage(name: string, from: number, direction: 'older' | 'newer', limit: number, bytes = Infinity): FeedEntry[] {
    const places =
      direction === 'older'
        ? feed(name)
            .filter(({ id }) => from === 0 || id <= from)
            .slice(-limit)
        : feed(name)
            .filter(({ id }) => id >= from)
            .slice(0, limit)
    const entries = places.map((place) => ({ ...place, message: documents.get(messageKey(place.id)) ?? new Uint8Array() }))
    if (direction === 'newer') return fitting(entries, bytes, ({ message }) => message.length)
    return fitting(entries.reverse(), bytes, ({ message }) => message.length).reverse()
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
    inboxHead(client) {
      const inbox = inboxes.get(client)
      return inbox && shown(inbox)
    },
    inboxPage(client, after, limit, bytes = Infinity) {
      const entries = (inboxes.get(client)?.entries ?? []).filter(({ number }) => number > after).slice(0, limit)
      return fitting(entries, bytes, ({ body }) => body.length).map(({ number, topic, qos, body, messageId }) => {
        return { number, topic, qos, body, messageId }
      })
    },
    inboxLosses: (client) => [...(inboxes.get(client)?.losses ?? [])].map(([of, since]) => ({ of, since })),
    outbox: () => sorted(outbox).map(([id, job]) => ({ id, job })),
  }
}

/** As many as come to `bytes` together, but one at least. */
function fitting<T>(list: readonly T[], bytes: number, sizeOf: (one: T) => number): T[] {
  let left = bytes
  const end = list.findIndex((one, place) => (left -= sizeOf(one)) < 0 && place > 0)
  return end === -1 ? [...list] : list.slice(0, end)
}

function idOf(message: Delivery['message'], appended: readonly Appended[]): number {
  if (message === undefined) return 0
  return 'id' in message ? message.id : (appended[message.append]?.id ?? NaN)
}

function noInbox(): Inbox {
  const head = { last: 0, settledTo: 0, releasedTo: 0, dropped: 0, epoch: 0, holder: '', sentTo: 0, lost: null, losses: 0 }
  return { head, entries: [], losses: new Map(), isRunOver: false }
}

function shown({ head, losses }: Inbox): InboxHead {
  return { ...head, sentTo: head.holder === '' ? head.sentTo : head.last, losses: losses.size }
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
