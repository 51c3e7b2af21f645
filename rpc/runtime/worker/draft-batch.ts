import { type AnyRecord, err } from '../../../protocol/index.js'
import { type Fence, StoreOutage } from '../../../store/contract.js'
import { actionsTopic, type ClientId } from '../../../topics/index.js'
import type { Mark } from '../../documents/index.js'
import { newFactReader } from '../../fact-reader.js'
import { CommitFirst, emptyOverlay, type FactReader, noWeight, type Overlay, type Weight } from '../../facts.js'
import type { Outcome, Refused } from '../../outcome.js'
import { addOutcome } from './add-outcome.js'
import type { BatchItem, BatchWorld, ClientState } from './batch.js'
import { type Draft, type DraftedVerdict, type DraftWorld, emptyDraft } from './draft.js'
import { hasMark, readMarks } from './marks.js'
import { charge } from './share.js'

/**
 * What the requests of a batch have been sent with and have read; the one with which it comes to more is the last. What they are answered with, and what is stored, is
 * made of that.
 */
const batchBytes = 2 * 1024 * 1024

/** What a batch comes to before its commit, and how many of its items that covers. */
export interface DraftedBatch {
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

/**
 * Reads and decides each of the items on top of what the ones before it decided, until what they have read is much.
 * @param mayPresume facts may be taken from the cache, though others may have changed them since
 */
export async function draftBatch(
  items: readonly BatchItem[],
  client: ClientState,
  world: BatchWorld,
  mayPresume: boolean,
): Promise<DraftedBatch> {
  const draft = emptyDraft()
  const overlay = emptyOverlay()
  const added: Mark[] = []
  const outcomes: Evaluated[] = []
  const weight = noWeight()
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
  if (client.share !== undefined) charge(client.share, { ...weight, requests: covered })
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
  let verdict: DraftedVerdict = { kind: 'dropped' }
  let isStored = false
  if (outcome.kind === 'accepted') {
    const add = await addOutcome(draft, outcome, item.asker, draftWorld(reader, drafting, item))
    isStored = add.isStored
    verdict = outcome.refused === undefined ? { kind: 'accepted', ...add } : refusedAs(outcome.refused)
    if (isStored && item.mark !== undefined) added.push(item.mark)
  } else if (outcome.kind === 'refused') {
    verdict = refusedAs(outcome)
    if (item.answersRefusals) draft.after.push(refusalAnswer(item, outcome.answer ?? err(outcome.code)))
  }
  if (isStored && checks !== draft.checks) draft.checks.push(...checks)
  if (item.request !== 0) draft.after.push({ kind: 'done', request: item.request, verdict })
}

function refusedAs({ code, detail }: Refused): DraftedVerdict {
  return detail === undefined ? { kind: 'refused', code } : { kind: 'refused', code, detail }
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

/** The answer to an item that is refused. */
export function refusalAnswer(item: BatchItem, record: AnyRecord): Draft['after'][number] {
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
