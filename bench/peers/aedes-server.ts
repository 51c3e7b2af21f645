import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { Aedes, type AedesOptions, type PublishPacket } from 'aedes'
import { open } from 'lmdb'

// Bare Aedes as a process of its own: BENCH_ECHO=1 answers requests, BENCH_LMDB_PATH is a folder in which each publish is stored before it is
// acknowledged, BENCH_REDIS_PORT keeps sessions in Redis, BENCH_REDIS_PIPED=1 with commands written together. Its id, by which others in the
// same Redis know its packets, is a random one.

const broker = await Aedes.createBroker({
  concurrency: 100,
  ...redisOptions(process.env['BENCH_REDIS_PORT']),
  ...storingOptions(process.env['BENCH_LMDB_PATH']),
})

if (process.env['BENCH_ECHO'] === '1') {
  // Answers are published in a turn of their own: from within a handler Aedes would emit them inside its own emit, and that inside another, until
  // its stack ends. They are not waited for: with 100 waiting handlers Aedes' queue is full, and all of them wait for ever.
  const answers: PublishPacket[] = []
  const publishAnswers = (): void => {
    for (const answer of answers.splice(0)) broker.publish(answer, fail)
  }
  broker.subscribe(
    'events/#',
    (packet, done) => {
      const clientId = (packet as PublishPacket & { readonly clientId?: string }).clientId ?? ''
      const answer = {
        cmd: 'publish',
        topic: `actions/1/api/${clientId}`,
        payload: packet.payload,
        qos: 1,
        dup: false,
        retain: false,
      } as const
      if (answers.push(answer) === 1) setImmediate(publishAnswers)
      done()
    },
    nothing,
  )
}

const server = createServer({ noDelay: true }, (socket) => broker.handle(socket))
server.listen(0, '127.0.0.1', 4_096, () => {
  console.log(JSON.stringify({ event: 'ready', mqtt: (server.address() as AddressInfo).port }))
})
process.on('SIGTERM', () => process.exit(0))

function redisOptions(port: string | undefined): AedesOptions {
  if (port === undefined) return {}
  const require = createRequire(import.meta.url)
  const persistence = require('aedes-persistence-redis') as (options: object) => object
  const emitter = require('mqemitter-redis') as (options: object) => object
  const enableAutoPipelining = process.env['BENCH_REDIS_PIPED'] === '1'
  const connection = { host: '127.0.0.1', port: Number(port), enableReadyCheck: false, enableAutoPipelining }
  return { persistence: persistence(connection), mq: emitter(connection) }
}

/** The least that a durable broker does: one row for each publish, on the disk before the PUBACK. What comes meanwhile shares the next write. */
function storingOptions(path: string | undefined): AedesOptions {
  if (path === undefined) return {}
  const rows = open<Buffer, string>({ path, encoding: 'binary' })
  const rowsOfEach = 1_024
  let publishes = 0
  return {
    authorizePublish(client, { payload }, done) {
      void rows.put(`${client?.id ?? ''}/${publishes++ % rowsOfEach}`, Buffer.from(payload))
      void rows.flushed.then(() => {
        done(null)
      }, done)
    },
  }
}

function fail(error?: Error): void {
  if (error) throw error
}

function nothing(): void {
  // subscribed
}
