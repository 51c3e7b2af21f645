import type { Monotonic } from '../../../clock/index.js'
import type { StrangersLearn } from '../../strangers-learn.js'
import { type AnyRecord, err } from '../../../protocol/index.js'
import {
  type Check,
  type Commit,
  type CommitResult,
  type DroppedEntries,
  type Fence,
  type Opening,
  type PutNumber,
  type Store,
  StoreOutage,
} from '../../../store/contract.js'
import { type ClientId, actionsTopic } from '../../../topics/index.js'
import type { Mark } from '../../documents/index.js'
import { CommitFirst, emptyOverlay, type FactReader, newFactReader, type Overlay, type PagePlace, type Weight } from '../../facts.js'
import { drop, type Outcome, refuse } from '../../outcome.js'
import { type ReadCache, rememberCommit } from '../../read-cache.js'
import { addOutcome, type Asker, type Draft, type DraftedVerdict, type DraftWorld, emptyDraft, needsCommit } from './draft.js'
import { addMarks, hasMark, type Marks, readMarks } from './marks.js'

/** One request of a batch, ready to be evaluated: a PUBLISH, or an event of the connection (connected, gone). */
export interface BatchItem {
  readonly asker: Asker
  /** Reported as done after the commit; 0 for events of the connection. */
  readonly request: number
  /** By which a retransmission is known; absent for QoS 0, for connection events and for clients without marks. */
  readonly mark?: Mark
  /** It may have been committed before: the marks are asked. */
  readonly isRepeated: boolean
  /** A refusal is answered with `io`; a direct publish without the right is not. */
  readonly answersRefusals: boolean
  /** Of the connection it came through: nothing is stored once another one has opened the inbox. Absent where nobody else can. */
  readonly fence?: Fence
  /** Goes with its commit, whatever is decided. */
  readonly opens?: Opening
  /** Length of its payload; 0 where this is left out. */
  readonly bytes?: number
  /** The name under which it is counted; known once it has been evaluated. */
  readonly name?: () => string
  evaluate(reader: FactReader): Promise<Outcome>
  /** What is told instead while nothing can be stored, for what waits for nobody: the event of a connection. It stores nothing. */
  evaluateUnstored?(reader: FactReader): Promise<Outcome>
}

/** A committed (or commit-less) batch with all that must be told afterwards. */
export interface BatchResult {
  readonly draft: Draft
  readonly result: CommitResult & { kind: 'committed' }
}

export interface BatchWorld {
  readonly store: Store
  readonly cache: ReadCache
  readonly boot: string
  readonly strangersLearn?: StrangersLearn
  /** Of the batch, for the large pages that it reads; the caller gives it back. */
  readonly place?: PagePlace
  /** Which processes are members of the cluster; where this is left out, there is none but this one. */
  readonly isLive?: (boot: string) => boolean
  readonly newId: () => string
  /** Whether notices are taken on now; none is where this is left out. */
  readonly takesNotices?: () => boolean
  /** Milliseconds since 1970; where this is left out, nothing is noted of what inboxes lose. */
  readonly date?: () => number
  /** A handler threw: the request is refused as `internal`, the fault is logged. */
  readonly onFault: (fault: unknown) => void
  readonly onConflict: () => void
  /** A commit has dropped entries of inboxes that were full. */
  readonly onDropped?: (dropped: DroppedEntries) => void
  /** An item is going to be evaluated; told again where it is evaluated again. */
  readonly onBegin?: (item: BatchItem) => void
  /** What an item has come to: told once, when that is settled. */
  readonly onOutcome: (item: BatchItem, outcome: Outcome) => void
  /** The store lacks something, and the item waits with it, for it is not answered. Told once. */
  readonly onLack?: (item: BatchItem, outage: StoreOutage) => void
  /** For lack of something nothing was stored of an event: it is to be made up for. */
  readonly onMissed?: (item: BatchItem) => void
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<void>
  /** The clock of the deadline. */
  readonly elapsed: () => Monotonic
}

/** The state of one client id within its worker. */
export interface ClientState {
  readonly clientId: ClientId
  /** Undefined until first needed, and after a conflict. */
  marks: Marks | undefined
}

/** So often a batch is run as a whole. */
const attemptsTogether = 3
/**
 * What the requests of a batch have been sent with and have read; the one with which it comes to more is the last. What they are answered with, and what is stored, is
 * made of that.
 */
const batchBytes = 2 * 1024 * 1024

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

interface DraftedBatch {
  readonly outcomes: readonly Evaluated[]
  readonly draft: Draft
  readonly covered: number
  readonly added: readonly Mark[]
  readonly fence: Fence | undefined
}

interface Evaluated {
  readonly item: BatchItem
  readonly outcome: Outcome
}

async function draftBatch(items: readonly BatchItem[], client: ClientState, world: BatchWorld, mayPresume: boolean): Promise<DraftedBatch> {
  const draft = emptyDraft()
  const overlay = emptyOverlay()
  const added: Mark[] = []
  const outcomes: Evaluated[] = []
  const weight: Weight = { bytes: 0 }
  let covered = 0
  for (const item of items) {
    if (weight.bytes > batchBytes) break
    // What came through an earlier connection must not fence what comes through this one.
    if (item.fence?.epoch !== items[0]?.fence?.epoch) break
    world.onBegin?.(item)
    weight.bytes += item.bytes ?? 0
    try {
      await draftItem(item, { draft, overlay, added, outcomes, weight, client, world, mayPresume })
    } catch (error) {
      // The item needs numbers that only the commit of those before it can give.
      if (error instanceof CommitFirst && covered > 0) break
      throw error
    }
    covered++
  }
  return { draft, covered, added, outcomes, fence: items[0]?.fence }
}

interface Drafting {
  readonly draft: Draft
  readonly overlay: Overlay
  readonly added: Mark[]
  readonly outcomes: Evaluated[]
  readonly weight: Weight
  readonly client: ClientState
  readonly world: BatchWorld
  readonly mayPresume: boolean
}

async function draftItem(item: BatchItem, drafting: Drafting): Promise<void> {
  const { draft, added, outcomes, world } = drafting
  if (item.mark !== undefined && item.isRepeated && (await isCommitted(item.mark, drafting))) {
    draft.after.push({ kind: 'done', request: item.request, verdict: { kind: 'repeated' } })
    return
  }
  const { reader, checks } = readerFor(drafting)
  const outcome = await evaluateSafely(item, reader, world)
  outcomes.push({ item, outcome })
  if (item.opens !== undefined) draft.opens.push(item.opens)
  let verdict: DraftedVerdict = outcome.kind === 'refused' ? { kind: 'refused', code: outcome.code } : { kind: 'dropped' }
  let isStored = false
  if (outcome.kind === 'accepted') {
    const add = await addOutcome(draft, outcome, item.asker, draftWorld(reader, drafting, item))
    isStored = add.isStored
    verdict = { kind: 'accepted', ...add }
    if (isStored && item.mark !== undefined) added.push(item.mark)
  } else if (outcome.kind === 'refused' && item.answersRefusals) {
    draft.after.push(refusalAnswer(item, outcome.answer ?? err(outcome.code)))
  }
  if (isStored && checks !== draft.checks) draft.checks.push(...checks)
  if (item.request !== 0) draft.after.push({ kind: 'done', request: item.request, verdict })
}

/** With stamps, what is not stored rests on nothing that has to be checked; without, all that was read must be true still. */
function readerFor({ draft, overlay, weight, mayPresume, world }: Drafting): ReturnType<typeof newFactReader> {
  const { store, cache, boot, isLive, strangersLearn = 'name', place } = world
  const known = isLive === undefined ? { boot, strangersLearn } : { boot, strangersLearn, isLive }
  const checks = store.stamps === undefined ? draft.checks : []
  return newFactReader({ store, overlay, cache, ...known, isCheckedLater: true, mayPresume, weight, place }, checks)
}

function draftWorld(reader: FactReader, { overlay, world }: Drafting, { name }: BatchItem): DraftWorld {
  const { newId, takesNotices, date } = world
  return { reader, overlay, newId, takesNotices, date, request: name, actionsTopicOf }
}

const actionsTopicOf = (client: ClientId): string => actionsTopic('', client)

function refusalAnswer(item: BatchItem, record: AnyRecord): Draft['after'][number] {
  return { kind: 'answer', connection: item.asker.connection, qos: item.asker.qos === 2 ? 2 : 1, payload: { kind: 'record', record } }
}

async function evaluateSafely(item: BatchItem, reader: FactReader, world: BatchWorld): Promise<Outcome> {
  try {
    return await item.evaluate(reader)
  } catch (error) {
    if (error instanceof CommitFirst || error instanceof StoreOutage) throw error
    world.onFault(error)
    return { kind: 'refused', code: 'internal', because: 'the handler failed' }
  }
}

async function isCommitted(mark: Mark, { added, client, world }: Drafting): Promise<boolean> {
  if (added.some(({ packetId, digest }) => packetId === mark.packetId && digest === mark.digest)) return true
  client.marks ??= await readMarks(world.store, client.clientId)
  return hasMark(client.marks, mark)
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
