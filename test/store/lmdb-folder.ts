import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbStore } from '../../store/index.js'
import { openedStore } from './opened-store.js'
import type { OpenedStore } from './store-contract.js'

/** A new, empty folder for a store. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'nynja-store-'))
}

/** A store in a temporary folder. */
export async function openTemporaryStore(inboxLimit: number): Promise<OpenedStore> {
  const path = await temporaryFolder()
  return openedStore(
    inboxLimit,
    () => openLmdbStore({ path, inboxLimit }),
    () => rm(path, { recursive: true, force: true }),
  )
}
