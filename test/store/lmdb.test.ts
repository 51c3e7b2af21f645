import { openTemporaryStore } from './lmdb-folder.js'
import { storeContract } from './store-contract.js'

storeContract('the LMDB store', openTemporaryStore)
