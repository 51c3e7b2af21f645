/**
 * Decodes and encodes one chat message with one Desc, over and over, on one core: `node dist/bench/codec.js [seconds]`.
 * Prints messages a second by wall clock and by processor time, which a busy machine disturbs less.
 */
import { decode, encode, record, type Codec, type Dialect } from '../protocol/index.js'
import { surroundings } from './machine.js'

const seconds = Number(process.argv[2] ?? 2)

const message = record('Message', {
  feed_id: { tag: 'p2p', from: '380670001234_12525', to: '380670002234_12334' },
  msg_id: 'A1-1',
  from: '380670001234_12525',
  to: '380670002234_12334',
  created: 1_790_000_000_000,
  files: [record('Desc', { id: 'd', payload: 'hello' })],
  status: 'client',
})

/** Runs in rounds of `perRound`, so that the clock costs nothing. */
function rate(round: () => void, perRound: number): { readonly wall: number; readonly cpu: number } {
  const started = performance.now()
  while (performance.now() - started < 500) round()
  const from = performance.now()
  const cpu = process.cpuUsage()
  let rounds = 0
  for (; performance.now() - from < seconds * 1000; rounds++) round()
  const used = process.cpuUsage(cpu)
  const messages = rounds * perRound
  return { wall: messages / ((performance.now() - from) / 1000), cpu: messages / ((used.user + used.system) / 1e6) }
}

function roundTrips(codec: Codec, dialect: Dialect): () => void {
  const payload = Buffer.from(encode(message, { codec, dialect }))
  return () => {
    for (let i = 0; i < 1000; i++) {
      const result = decode(payload, dialect)
      if (result.kind === 'refusal') throw new Error(result.because)
      encode(result.record, result.encoding)
    }
  }
}

const { commit, machine, loadAverage } = surroundings()
console.log(`commit ${commit}, node ${process.version}, ${machine}, load ${loadAverage.toFixed(1)}`)
console.log('codec    dialect  decode + encode/s   per second of processor time')
for (const codec of ['bert', 'msgpack', 'json'] as const)
  for (const dialect of ['v1', 'v11'] as const) {
    const { wall, cpu } = rate(roundTrips(codec, dialect), 1000)
    console.log(`${codec.padEnd(8)} ${dialect.padEnd(8)} ${wall.toFixed(0).padStart(17)} ${cpu.toFixed(0).padStart(17)}`)
  }
