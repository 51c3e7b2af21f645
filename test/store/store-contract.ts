import { afterEach, beforeEach, describe } from '@jest/globals'
import type { Store } from '../../store/contract.js'
import { documentPromises } from './document-promises.js'
import { feedPromises } from './feed-promises.js'
import { handlePromises } from './handle-promises.js'
import { fencePromises, inboxPromises, newsPromises, outboxPromises } from './inbox-promises.js'
import { randomPromises } from './store-properties.js'

/** A store of its own for each test, and further handles on it. */
export interface OpenedStore {
  readonly store: Store
  /** The limit with which all handles of this store are opened. */
  readonly inboxLimit: number
  /** Closes every handle and opens the store again. */
  reopen(): Promise<Store>
  /** A further handle on the same store, open beside the others. */
  another(): Promise<Store>
  /** Closes every handle and removes the store. */
  destroy(): Promise<void>
}

/** Opens a new, empty store whose inboxes hold `inboxLimit` entries. */
export type OpenStore = (inboxLimit: number) => Promise<OpenedStore>

/** The promises of the Store contract, run by every engine unchanged. */
export function storeContract(name: string, open: OpenStore): void {
  describe(name, () => {
    let opened: OpenedStore
    let store: Store
    beforeEach(async () => {
      opened = await open(20)
      store = opened.store
    })
    afterEach(() => opened.destroy())

    documentPromises(() => store)
    feedPromises(() => store)
    inboxPromises(
      () => store,
      () => opened,
    )
    newsPromises(
      () => store,
      () => opened,
    )
    fencePromises(() => store)
    outboxPromises(() => store)
    handlePromises(() => opened)
    randomPromises(open)
  })
}
