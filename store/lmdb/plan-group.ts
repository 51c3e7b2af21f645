import type { Appended, Bytes, Commit, CommitResult, MessageRef } from '../contract.js'
import { numberBytes } from '../contract.js'
import { groupFeeds, type GroupFeeds } from './group-feeds.js'
import { groupInboxes, type GroupInboxes } from './group-inboxes.js'
import { groupRows, type Rows, type Snapshot } from './group-rows.js'
import { documentRow, outboxRow } from './row-keys.js'

/** What a group of commits comes to: the rows to write (undefined removes) and the result of each commit, in order. */
export interface GroupPlan {
  readonly writes: ReadonlyMap<string, Bytes | undefined>
  readonly results: readonly CommitResult[]
}

/**
 * Decides what `commits`, one after the other, come to on the table that the snapshot shows. A commit whose checks fail leaves no trace in the plan;
 * one that follows sees what went before it.
 * @param inboxLimit Entries an inbox holds at most.
 */
export function planGroup(commits: readonly Commit[], snapshot: Snapshot, inboxLimit: number): GroupPlan {
  const rows = groupRows(snapshot)
  const feeds = groupFeeds(rows)
  const inboxes = groupInboxes(rows, inboxLimit)
  const results = commits.map((commit) => {
    if (!isHeld(commit, inboxes)) return fenced
    return holds(commit, rows) ? apply(commit, rows, feeds, inboxes) : conflict
  })
  feeds.write()
  inboxes.write()
  return { writes: rows.writes, results }
}

const conflict: CommitResult = { kind: 'conflict' }
const fenced: CommitResult = { kind: 'fenced' }

function isHeld({ fences = [] }: Commit, inboxes: GroupInboxes): boolean {
  return fences.every((fence) => inboxes.isHeld(fence))
}

function holds({ checks = [] }: Commit, rows: Rows): boolean {
  return checks.every(({ key, was }) => isSame(rows.get(documentRow(key)), was))
}

function isSame(now: Bytes | undefined, was: Bytes | undefined): boolean {
  if (now === undefined || was === undefined) return now === was
  return now.byteLength === was.byteLength && Buffer.compare(now, was) === 0
}

function apply(commit: Commit, rows: Rows, feeds: GroupFeeds, inboxes: GroupInboxes): CommitResult {
  const appended = (commit.appends ?? []).map((append) => feeds.append(append))
  for (const { key, value } of commit.puts ?? []) rows.put(documentRow(key), value)
  for (const { key, append } of commit.numbers ?? []) rows.put(documentRow(key), numberBytes(idAt(appended, append)))
  const toInboxes = applyToInboxes(commit, appended, inboxes)
  for (const id of commit.outboxDone ?? []) rows.put(outboxRow(id), undefined)
  for (const { id, job } of commit.outbox ?? []) rows.put(outboxRow(id), job)
  return { kind: 'committed', appended, ...toInboxes }
}

function applyToInboxes(
  { clearInboxes = [], opens = [], settlements = [], lossesTold = [], deliveries = [] }: Commit,
  appended: readonly Appended[],
  inboxes: GroupInboxes,
): Pick<Extract<CommitResult, { kind: 'committed' }>, 'delivered' | 'holders' | 'opened' | 'dropped'> {
  for (const client of clearInboxes) inboxes.clear(client)
  const opened = opens.map((opening) => inboxes.open(opening))
  for (const settlement of settlements) inboxes.settle(settlement)
  for (const told of lossesTold) inboxes.tellLosses(told)
  const dropped = { news: 0, messages: 0 }
  const delivered = deliveries.map((delivery) => inboxes.add(delivery, idOf(delivery.message, appended), dropped))
  return { opened, delivered, holders: deliveries.map(({ client }) => inboxes.holderOf(client)), dropped }
}

function idOf(message: MessageRef | undefined, appended: readonly Appended[]): number {
  if (message === undefined) return 0
  return 'id' in message ? message.id : idAt(appended, message.append)
}

/** `requireCommit` has seen that the append is there. */
function idAt(appended: readonly Appended[], append: number): number {
  return appended[append]?.id ?? 0
}
