import type { Store } from '../../store/index.js'
import type { OpenedStore } from './store-contract.js'

/** A store whose handles are opened by `open`, and whose place is emptied by `remove` once all of them are closed. */
export async function openedStore(inboxLimit: number, open: () => Promise<Store>, remove: () => Promise<void>): Promise<OpenedStore> {
  let handles: Store[] = []
  const another = async (): Promise<Store> => {
    const store = await open()
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
      await remove()
    },
  }
}
