import { openPrefixedStore } from '../../store/redis-prefix.js'
import { migrationPromises } from './migration-promises.js'

migrationPromises('migrations of the Redis store', openPrefixedStore)
