import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/store/index.js'
import { openLmdbStore } from '../../src/store/index.js'
import type { OpenedStore } from './store-contract.js'

/** A new, empty folder for a store. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'nynja-store-'))
}

/** A store in a temporary folder. */
export async function openTemporaryStore(inboxLimit: number): Promise<OpenedStore> {
  const path = await temporaryFolder()
  let handles: Store[] = []
  const another = async (): Promise<Store> => {
    const store = await openLmdbStore({ path, inboxLimit })
    handles.push(store)
    return store
  }
  const closeAll = async (): Promise<void> => {
    await Promise.all(handles.map((handle) => handle.close()))
    handles = []
  }
  return {
    store: await another(),
    inboxLimit,
    another,
    async reopen() {
      await closeAll()
      return another()
    },
    async destroy() {
      await closeAll()
      await rm(path, { recursive: true, force: true })
    },
  }
}
