// Runs the long fault tests of clusters with real processes, and writes what they found into docs/reference/cluster-faults.md.
import './closed-pipe.mjs'
import { requirePrograms } from './debian-program.mjs'

requirePrograms('Tests of clusters', 'redis-server', 'haproxy')
await import('../dist/test/cluster/main.js')
