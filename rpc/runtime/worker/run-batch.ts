import type { Monotonic } from '../../../clock/index.js'
import { type AnyRecord, err } from '../../../protocol/index.js'
import { type Check, type Commit, type CommitResult, type PutNumber, StoreOutage } from '../../../store/contract.js'
import { drop, refuse } from '../../outcome.js'
import { rememberCommit } from '../../read-cache.js'
import type { BatchItem, BatchResult, BatchWorld, ClientState } from './batch.js'
import { draftBatch, type DraftedBatch, refusalAnswer } from './draft-batch.js'
import { emptyDraft, needsCommit } from './draft.js'
import { addMarks, readMarks } from './marks.js'

/** So often a batch is run as a whole. */
const attemptsTogether = 3
const nothingCommitted = {
  kind: 'committed',
  ...{ appended: [], delivered: [], holders: [], opened: [] },
  dropped: { news: 0, messages: 0 },
} as const

/**
 * Runs requests of one client, in order, until `deadline`: each is read and decided on top of what the ones before it decided, then all are
 * committed in one step. If a fact has changed meanwhile, all are run again; what has lost often is run request by request, so that those that
 * rest on little are not held up by one that rests on what others keep changing. Where the store has no stamps, facts are taken from the cache
 * first, and what was decided on them is only told once a commit has found them true.
 * @returns what was committed and how many of the items it covers, at least one
 */
export async function runBatch(
  items: readonly BatchItem[],
  client: ClientState,
  deadline: Monotonic,
  world: BatchWorld,
): Promise<EndedBatch> {
  let outage: StoreOutage | undefined
  for (let attempt = 0; ; attempt++) {
    const run = attempt < attemptsTogether ? items : items.slice(0, 1)
    try {
      const drafted = await draftBatch(run, client, world, attempt === 0)
      const result = await commitDraft(drafted, client, world)
      if (result.kind === 'committed') return settled(drafted, result, world)
      if (result.kind === 'fenced') return followed(run.slice(0, drafted.covered), world)
      world.onConflict()
      for (const { key } of drafted.draft.checks) world.cache.rows.delete(key)
    } catch (error) {
      if (error instanceof RangeError) return withoutUnstorable(run, client, deadline, world)
      if (!(error instanceof StoreOutage)) throw error
      const ended = await withoutRoom(run, { client, deadline, world, before: outage, outage: error })
      if (ended !== undefined) return ended
      outage = error
      world.place?.giveBack()
      await world.wait(Math.min(1_000, 50 * 2 ** attempt))
    }
    client.marks = undefined
    if (world.elapsed() >= deadline) return refuseAll(run, world, outage)
    if (attempt >= attemptsTogether) await world.wait(Math.random() * Math.min(100, 2 ** attempt))
    await world.turn?.()
  }
}

interface Outage {
  readonly client: ClientState
  readonly deadline: Monotonic
  readonly world: BatchWorld
  /** Why it could not be committed, now and the last time. */
  readonly outage: StoreOutage
  readonly before: StoreOutage | undefined
}

/**
 * What becomes of items while the store lacks something, one by one: what only reads is answered, of the others what can be told at once is.
 * @returns undefined for what waits
 */
async function withoutRoom(
  items: readonly BatchItem[],
  { client, deadline, world, outage, before }: Outage,
): Promise<EndedBatch | undefined> {
  const [item] = items
  if (outage.lacks === undefined || item === undefined) return undefined
  client.marks = undefined
  if (items.length > 1) return runBatch([item], client, deadline, world)
  if (item.evaluateUnstored !== undefined) return unstored(item, client, world, outage)
  if (item.answersRefusals) return refuseAll(items, world, outage)
  if (before?.lacks === undefined) world.onLack?.(item, outage)
  return undefined
}

/** Nothing of an event can be stored: what can be told without is told, and what is missed is noted. */
async function unstored(whole: BatchItem, client: ClientState, world: BatchWorld, { message }: StoreOutage): Promise<EndedBatch> {
  const { opens: _, evaluateUnstored, ...item } = whole
  const { draft } = await draftBatch([{ ...item, evaluate: evaluateUnstored ?? item.evaluate }], client, world, false)
  world.onOutcome(item, refuse('unavailable', message))
  world.onMissed?.(whole)
  return { draft, result: nothingCommitted, covered: 1 }
}

function settled(
  { draft, covered, outcomes }: DraftedBatch,
  result: BatchResult['result'],
  { onOutcome, onDropped }: BatchWorld,
): EndedBatch {
  onDropped?.(result.dropped)
  for (const { item, outcome } of outcomes) onOutcome(item, outcome)
  return { draft, result, covered }
}

/** A batch, and how many of the items it covers. */
type EndedBatch = BatchResult & { readonly covered: number }

/** One of these asks for what the store cannot hold (a document that is too long, say): one by one, until it is found and refused. */
async function withoutUnstorable(
  items: readonly BatchItem[],
  client: ClientState,
  deadline: Monotonic,
  world: BatchWorld,
): Promise<EndedBatch> {
  if (items.length > 1) return runBatch(items.slice(0, 1), client, deadline, world)
  const draft = emptyDraft()
  for (const item of items) {
    world.onOutcome(item, refuse('invalid_data', 'the store cannot hold it'))
    if (item.answersRefusals) draft.after.push(refusalAnswer(item, err('invalid_data')))
    if (item.request !== 0) draft.after.push({ kind: 'done', request: item.request, verdict: { kind: 'refused', code: 'invalid_data' } })
  }
  return { draft, result: nothingCommitted, covered: items.length }
}

async function commitDraft({ draft, added, fence }: DraftedBatch, client: ClientState, world: BatchWorld): Promise<CommitResult> {
  const { store, cache } = world
  const { puts, appends, deliveries, clearInboxes, opens, outbox } = draft
  const [checks, numbers] = [eachOnce(draft.checks), lastOfEach(draft.numbers)]
  const isGuess = store.stamps === undefined && checks.length > 0
  if (!needsCommit(draft)) return isGuess ? store.commit({ checks }) : nothingCommitted
  const fences = fence === undefined ? [] : [fence]
  const commit: Commit = { fences, checks, puts, appends, numbers, deliveries, clearInboxes, opens, outbox }
  if (added.length === 0) return committed(await store.commit(commit), commit, world)
  client.marks ??= await readMarks(store, client.clientId)
  const marked = addMarks(client.marks, added)
  const result = await store.commit({ ...commit, checks: [...checks, ...marked.checks], puts: [...puts, ...marked.puts] })
  if (result.kind === 'committed') client.marks = marked.applied
  return committed(result, commit, { store, cache })
}

function committed(
  result: CommitResult,
  { puts = [], numbers = [] }: Commit,
  { store, cache }: Pick<BatchWorld, 'store' | 'cache'>,
): CommitResult {
  if (result.kind === 'committed' && store.stamps === undefined) rememberCommit(cache, puts, numbers)
  return result
}

/** Requests of a batch rest on much the same facts. */
function eachOnce(checks: readonly Check[]): readonly Check[] {
  if (checks.length < 2) return checks
  const known = new Map<string, Check>()
  return checks.filter((check) => {
    const same = known.get(check.key)
    if (same !== undefined && same.was === check.was) return false
    known.set(check.key, check)
    return true
  })
}

/** Of numbers under the same key the last stands. */
function lastOfEach(numbers: readonly PutNumber[]): readonly PutNumber[] {
  return numbers.length < 2 ? numbers : [...new Map(numbers.map((number) => [number.key, number])).values()]
}

/** Another connection has the inbox: nothing was done for this one, which is closed. Its device repeats what was not acknowledged. */
function followed(items: readonly BatchItem[], { onOutcome }: BatchWorld): EndedBatch {
  const draft = emptyDraft()
  for (const item of items) onOutcome(item, drop('its device is connected elsewhere'))
  for (const connection of new Set(items.map(({ asker }) => asker.connection))) draft.after.push({ kind: 'followed', connection })
  return { draft, result: nothingCommitted, covered: items.length }
}

/**
 * Nothing was committed, for lack of something or until the deadline: each request is refused, so that its peer may decide to repeat it. A
 * publish that is never answered must not be acknowledged either: its connection is closed, and the peer sends it again.
 */
function refuseAll(items: readonly BatchItem[], { onOutcome }: BatchWorld, outage?: StoreOutage): EndedBatch {
  const draft = emptyDraft()
  for (const item of items) {
    onOutcome(item, refuse('unavailable', outage?.message ?? 'it was not executed in time'))
    if (item.answersRefusals) {
      const verdict = { kind: 'refused', code: 'unavailable' } as const
      draft.after.push(refusalAnswer(item, unavailable(outage)), { kind: 'done', request: item.request, verdict })
    } else {
      draft.after.push({ kind: 'close', client: item.asker.clientId, because: 'the store is unavailable' })
    }
  }
  return { draft, result: nothingCommitted, covered: items.length }
}

/** What a peer is told while the store does not serve: `{io,{error,unavailable},What}`, where what is what it lacks, or `store` if it is away. */
export function unavailable(outage: StoreOutage | undefined): AnyRecord {
  return err('unavailable', outage === undefined ? '' : (outage.lacks ?? 'store'))
}
