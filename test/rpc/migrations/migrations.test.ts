import { openTemporaryStore } from '../../store/lmdb-folder.js'
import { migrationPromises } from './migration-promises.js'

migrationPromises('migrations of the LMDB store', openTemporaryStore)
