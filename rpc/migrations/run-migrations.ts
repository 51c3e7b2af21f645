/**
 * Brings the documents of a store to what this program reads and writes, before clients are taken.
 *
 * Several processes may start at once: the first notes itself in the layout document as the holder and works; the others wait, and look again.
 * Whatever the holder stores goes with a new layout document and rests on the one before, so that work goes on exactly where it ended, and a
 * holder that was taken for dead and lives stores nothing more. A holder whose layout document stands still for the lease is followed.
 *
 * Nothing is rewritten under the hands of an earlier program: before the first step all members of the cluster must have stood still for the
 * lease. None of this program joins before the work is done.
 */
import type { Bytes, Put, Store } from '../../store/contract.js'
import { StoreOutage } from '../../store/contract.js'
import { clusterMembers, type LayoutDocument, layouts } from '../documents/index.js'
import { bansOfAccounts } from './bans-of-accounts.js'
import { uniqueMemberIds } from './unique-member-ids.js'
import type { Migration } from './migration.js'

/** All there ever were, in their order: how many of them a store has been through is its layout. New ones come at the end. */
export const migrations: readonly Migration[] = [uniqueMemberIds, bansOfAccounts]

export interface MigrationWorld {
  readonly store: Store
  /** Names this runner among all. */
  readonly holder: string
  /** Told after each piece of work that changed something, with how many rows this runner has gone through. */
  readonly onProgress: (progress: MigrationProgress) => void
  /** Told what is waited for: another process that is at it, or members of the cluster that run an earlier program and have to end. */
  readonly onWaiting: (whom: 'holder' | 'members') => void
  /** The store is away: resolves when it is to be asked again, or throws to give up. */
  readonly onOutage: (outage: StoreOutage) => Promise<void>
  /** Who has shown no sign of life for so long is dead. */
  readonly leaseMs: number
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<void>
  /** Milliseconds of a clock that is never set. */
  readonly now: () => number
}

export interface MigrationProgress {
  readonly migration: string
  /** The keys it goes through now. */
  readonly prefix: string
  readonly rows: number
}

/** Which layout the store has, if a newer program has written it. */
export type MigrationResult = { readonly kind: 'current' } | { readonly kind: 'newer'; readonly found: number; readonly known: number }

const lookAgainMs = 250

/** @returns once the store is as this program needs it, or at once if it was written by a newer one; nothing is changed then */
export async function runMigrations(world: MigrationWorld, known: readonly Migration[] = migrations): Promise<MigrationResult> {
  const work: Work = { ...world, known, gone: { rows: 0 } }
  for (;;) {
    try {
      const found = await readLayout(world.store)
      if (found.layout.version > known.length) return { kind: 'newer', found: found.layout.version, known: known.length }
      if (found.layout.version === known.length) return { kind: 'current' }
      const held = (await isNoneAtWork(found, world)) ? await hold(found, world) : undefined
      if (held !== undefined) await migrate(held, work)
    } catch (error) {
      if (!(error instanceof StoreOutage)) throw error
      await world.onOutage(error)
    }
  }
}

/** The layout document, as it is and as it is stored. */
interface Stored {
  readonly layout: LayoutDocument
  readonly bytes: Bytes | undefined
}

const key = layouts.key('documents')
const unmarked: LayoutDocument = { version: 0, holder: '', beat: 0, stage: 0, after: '' }

async function readLayout(store: Store): Promise<Stored> {
  const bytes = await store.get(key)
  return { bytes, layout: bytes === undefined ? unmarked : layouts.decode(bytes) }
}

/** Becomes the holder, at once or when the one that is there is dead. @returns undefined if something has happened meanwhile */
async function hold(found: Stored, world: MigrationWorld): Promise<Stored | undefined> {
  const { holder } = found.layout
  if (holder !== '' && holder !== world.holder && !(await standsStill(found, world))) return undefined
  return step(found, { ...found.layout, holder: world.holder }, [], world)
}

function standsStill({ layout }: Stored, world: MigrationWorld): Promise<boolean> {
  world.onWaiting('holder')
  return isStill(async () => (await readLayout(world.store)).layout.beat === layout.beat, world)
}

/** Whether members of the cluster that were there before anything was rewritten have ended. */
async function isNoneAtWork({ layout }: Stored, world: MigrationWorld): Promise<boolean> {
  if (layout.beat > 0) return true
  const before = await readBeats(world.store)
  if (before === '') return true
  world.onWaiting('members')
  return isStill(async () => (await readBeats(world.store)) === before, world)
}

/** Whether something stays as it is for the lease. */
async function isStill(isSame: () => Promise<boolean>, { wait, now, leaseMs }: MigrationWorld): Promise<boolean> {
  const since = now()
  while (now() - since < leaseMs) {
    await wait(lookAgainMs)
    if (!(await isSame())) return false
  }
  return true
}

const maxMembers = 1_000

async function readBeats(store: Store): Promise<string> {
  const rows = await store.scan(clusterMembers.prefix(), { limit: maxMembers })
  return rows.map(({ key, value }) => `${key} ${clusterMembers.decode(value).beat}`).join(' ')
}

/** Stores what goes with the next layout document. @returns undefined if somebody else has stored one */
async function step(was: Stored, next: LayoutDocument, puts: readonly Put[], { store }: MigrationWorld): Promise<Stored | undefined> {
  const layout = { ...next, beat: was.layout.beat + 1 }
  const bytes = layouts.encode(layout)
  const { kind } = await store.commit({ checks: [{ key, was: was.bytes }], puts: [...puts, { key, value: bytes }] })
  return kind === 'committed' ? { layout, bytes } : undefined
}

interface Work extends MigrationWorld {
  readonly known: readonly Migration[]
  /** How much this runner has gone through. */
  readonly gone: { rows: number }
}

/** Goes on from where the layout says until all is done, or somebody else has taken over. */
async function migrate(from: Stored, work: Work): Promise<void> {
  let at: Stored | undefined = from
  while (at !== undefined && at.layout.version < work.known.length) at = await nextPage(at, work)
}

async function nextPage(from: Stored, work: Work): Promise<Stored | undefined> {
  const { layout } = from
  const migration = work.known[layout.version]
  const stage = migration?.stages[layout.stage]
  if (migration === undefined || stage === undefined) {
    const version = layout.version + 1
    return step(from, { ...unmarked, version, holder: version === work.known.length ? '' : layout.holder }, [], work)
  }
  const { prefix, pageRows } = stage
  const rows = await work.store.scan(prefix, { limit: pageRows, ...(layout.after === '' ? {} : { after: layout.after }) })
  const last = rows.at(-1)
  if (last === undefined) return step(from, { ...layout, stage: layout.stage + 1, after: '' }, [], work)
  let at: Stored | undefined = from
  for await (const puts of stage.change(rows, work.store)) {
    at = await step(at, layout, puts, work)
    if (at === undefined) return undefined
    work.onProgress({ migration: migration.name, prefix, rows: work.gone.rows })
  }
  work.gone.rows += rows.length
  return step(at, { ...layout, after: last.key }, [], work)
}
