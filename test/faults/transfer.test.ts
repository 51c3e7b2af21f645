/** Uploads through deaths of the process and of its workers: what was acknowledged is stored, and the file comes out as it went in. */
import { afterEach, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { openLog } from '../../server/log.js'
import { loadOptions } from '../../server/options-load.js'
import { startServer } from '../../server/start.js'
import { newMailbox } from '../wire/mailbox.js'
import { type Account, register } from '../wire/requests.js'
import { type Ack, dialTransfers, someBytes, type TransferClient } from '../wire/transfer-client.js'
import { newMortalServer, serverEnvironment } from './mortal-server.js'
import { fromEnvironment, newSeeded } from './seeded.js'

const rounds = fromEnvironment('NYNJA_FAULT_ROUNDS', 3)
const random = newSeeded(fromEnvironment('NYNJA_FAULT_SEED', 1))
const file = someBytes(2_500_000)

let end: () => Promise<void> = () => Promise.resolve()
afterEach(() => end())

const announce = { id: 'movie', filename: 'movie.mp4', size: file.length, status: 'init' } as const

/** What a connection has been told is stored. */
interface Progress {
  acknowledged: number
}

/** Sends block after block until the file is complete or the connection is gone. */
async function go(client: TransferClient, progress: Progress, onBlock: () => void = () => undefined): Promise<Ack | undefined> {
  try {
    let ack = await client.ask(announce)
    expect(ack.offset).toBeGreaterThanOrEqual(progress.acknowledged)
    while (ack.block > 0) {
      progress.acknowledged = ack.offset
      const asked = client.ask({ id: 'movie', offset: ack.offset, data: file.subarray(ack.offset, ack.offset + 100_000), status: 'send' })
      onBlock()
      ack = await asked
    }
    return ack
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('closed with')) return undefined
    throw error
  } finally {
    client.cut()
  }
}

async function expectWhole(http: number, { meta }: Ack): Promise<void> {
  if (typeof meta !== 'string') throw new Error('no URL')
  const { pathname } = new URL(meta)
  const response = await fetch(`http://127.0.0.1:${String(http)}${pathname}`)
  expect(Buffer.from(await response.arrayBuffer()).equals(file)).toBe(true)
}

test(`an upload goes on where it was through ${String(rounds)} times kill -9`, async () => {
  const server = await newMortalServer({ NYNJA_WS_PORT: '0' })
  end = () => server.close()
  await server.start()
  const ann = await register(server.mqtt, 'ann', '380671110001')
  const progress = { acknowledged: 0 }
  for (let round = 0; round < rounds; round++) {
    let blocks = random.integer(1, 5)
    let killed: Promise<void> | undefined
    const client = await dialTransfers(server.ws, ann.token)
    const done = await go(client, progress, () => {
      if (--blocks === 0) killed = server.kill()
    })
    await killed
    expect(done).toBeUndefined()
    await server.start()
  }
  expect(progress.acknowledged).toBeGreaterThan(0)
  const done = await go(await dialTransfers(server.ws, ann.token), progress)
  expect(done).toMatchObject({ offset: file.length, block: 0 })
  await expectWhole(server.http, done!)
  await server.kill()
  await server.start()
  await expectWhole(server.http, done!)
  expect(server.faults).toEqual([])
})

test('an upload whose worker dies is cut off, and goes on with the next one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-transfer-'))
  const loaded = loadOptions([], serverEnvironment(folder, { NYNJA_WS_PORT: '0' }), folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  const log = newMailbox<Readonly<Record<string, unknown>>>((line) => JSON.stringify(line))
  const lines = new Writable({
    write(line: Buffer, _encoding, done) {
      log.put(JSON.parse(line.toString()) as Readonly<Record<string, unknown>>)
      done()
    },
  })
  const server = await startServer(loaded.options, openLog('info', lines))
  end = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const ann: Account = await register(Number(server.ports.mqtt), 'ann', '380671110001')
  const progress = { acknowledged: 0 }
  let deaths = 0
  let done: Ack | undefined
  while (done === undefined) {
    const client = await dialTransfers(Number(server.ports.ws), ann.token)
    done = await go(client, progress, () => {
      // Every sixth block or so; both workers in turn, whichever serves this device.
      if (random.integer(0, 5) === 0 && deaths < 1 + rounds) void server.killWorker(1 + (deaths++ % 2))
    })
  }
  expect(deaths).toBeGreaterThan(0)
  for (let i = 0; i < deaths; i++) await log.take('a replacement', ({ event }) => event === 'worker-restarted')
  await expectWhole(Number(server.ports.http), done)
})
