/** Clients of Protocol Core while a server or a worker dies under them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { openLog } from '../../server/log.js'
import { loadOptions } from '../../server/options-load.js'
import { startServer } from '../../server/start.js'
import { newMailbox } from '../wire/mailbox.js'
import { buildCoreTown } from './core-town.js'
import { newMortalServer, serverEnvironment } from './mortal-server.js'
import { fromEnvironment, newSeeded } from './seeded.js'

const rounds = fromEnvironment('NYNJA_FAULT_ROUNDS', 4)
const seed = fromEnvironment('NYNJA_FAULT_SEED', 1)
const pairs = 4

test(`loses, repeats and reorders nothing through ${String(rounds)} kills of the process`, async () => {
  const random = newSeeded(seed)
  const server = await newMortalServer({ NYNJA_WS_PORT: '0' })
  await server.start()
  const town = await buildCoreTown(() => server.ws, pairs)
  try {
    town.start()
    for (let life = 0; life < rounds; life++) {
      await town.acknowledgements(random.integer(1, 200))
      await server.kill()
      await server.start()
    }
    await town.acknowledgements(100)
    await town.settle()
    expect({ problems: await town.problems(), faults: server.faults }).toEqual({ problems: [], faults: [] })
  } finally {
    town.close()
    await server.close()
  }
})

test(`loses and repeats nothing, and keeps every connection, through ${String(rounds)} deaths of a worker`, async () => {
  const random = newSeeded(seed)
  const folder = await mkdtemp(join(tmpdir(), 'nynja-core-'))
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
  const town = await buildCoreTown(() => Number(server.ports.ws), pairs)
  try {
    town.start()
    for (let death = 0; death < rounds; death++) {
      const node = 1 + (death % 2)
      await town.acknowledgements(random.integer(1, 100))
      await server.killWorker(node)
      await log.take('its replacement', ({ event, node: of }) => event === 'worker-restarted' && of === node)
    }
    await town.acknowledgements(100)
    await town.settle()
    const { connections } = town
    expect({ problems: await town.problems(), connections }).toEqual({ problems: [], connections: pairs * 2 })
  } finally {
    town.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
