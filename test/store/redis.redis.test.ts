import { openPrefixedStore } from './redis-prefix.js'
import { storeContract } from './store-contract.js'

storeContract('the Redis store', openPrefixedStore)
