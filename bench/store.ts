/**
 * Speed of the LMDB store. `npm run build && node dist/bench/store.js [seconds]`
 *
 * - `requests`: 800 in flight on one thread, each commit with 1 check, 1 put and 1 delivery of 200 bytes, over 50 clients.
 * - `fan-out`: 32 in flight, each commit 1 append and 500 deliveries by reference, to the same 500 clients.
 * - `reads`: single documents of 200 bytes, each on a fresh snapshot.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Commit, Store } from '../store/index.js'
import { openLmdbStore } from '../store/index.js'

const seconds = Number(process.argv[2] ?? 5)
const body = Buffer.alloc(200, 7)

interface Scenario {
  readonly name: string
  readonly inFlight: number
  /** The commit that `lane` makes as its `turn`th. */
  commit(lane: number, turn: number): Commit
}

const document = (lane: number, turn: number): Buffer | undefined => (turn < 0 ? undefined : Buffer.alloc(200, `${lane} ${turn} `))

const requests: Scenario = {
  name: 'requests',
  inFlight: 800,
  commit: (lane, turn) => ({
    checks: [{ key: `user/${lane}`, was: document(lane, turn - 1) }],
    puts: [{ key: `user/${lane}`, value: document(lane, turn) }],
    deliveries: [{ client: `emqttd_${lane % 50}`, topic: `actions/1/api/emqttd_${lane % 50}`, qos: 2, body }],
  }),
}

const members = Array.from({ length: 500 }, (_, place) => `emqttd_${place}`)
const fanOut: Scenario = {
  name: 'fan-out',
  inFlight: 32,
  commit: (lane) => ({
    appends: [{ feed: `room/${lane}`, message: body, isCountable: true }],
    deliveries: members.map((client) => ({ client, topic: `actions/1/api/${client}`, qos: 2, body: Buffer.of(), message: { append: 0 } })),
  }),
}

async function measure(store: Store, { name, inFlight, commit }: Scenario): Promise<void> {
  const latencies: number[] = []
  let commits = 0
  const [start, warmMs] = [performance.now(), 1_000]
  const end = start + warmMs + seconds * 1_000
  async function lane(place: number): Promise<void> {
    for (let turn = 0; performance.now() < end; turn++) {
      const asked = performance.now()
      const { kind } = await store.commit(commit(place, turn))
      commits += 1
      if (kind === 'conflict') throw new Error('a commit met a conflict')
      if (asked > start + warmMs) latencies.push(performance.now() - asked)
    }
  }
  const cpuBefore = process.cpuUsage()
  await Promise.all(Array.from({ length: inFlight }, (_, place) => lane(place)))
  const cpu = process.cpuUsage(cpuBefore)
  latencies.sort((one, other) => one - other)
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? NaN).toFixed(1)
  console.log(
    `${name}: ${Math.round(latencies.length / seconds)} commits/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${inFlight} in flight, ${Math.round((cpu.user + cpu.system) / commits)} µs of CPU a commit`,
  )
}

async function measureReads(store: Store): Promise<void> {
  const end = performance.now() + 1_000
  let reads = 0
  while (performance.now() < end) for (let lane = 0; lane < 100; lane++, reads++) await store.get(`user/${lane}`)
  console.log(`reads: ${reads}/s`)
}

const path = await mkdtemp(join(tmpdir(), 'nynja-bench-'))
const store = await openLmdbStore({ path })
console.log(
  `commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim()}, node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}`,
)
await measure(store, requests)
await measure(store, fanOut)
await measureReads(store)
await store.close()
await rm(path, { recursive: true })
