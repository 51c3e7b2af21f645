import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openLog } from '../../server/log.js'
import { loadOptions } from '../../server/options-load.js'
import { type RunningServer, startServer } from '../../server/start.js'
import { selectNode } from '../../topics/index.js'
import { newMailbox } from '../wire/mailbox.js'
import { befriend, come, recordOf, register } from '../wire/requests.js'
import { newChatLoad } from './chat-load.js'
import { checkTown } from './check-town.js'
import { newLedger } from './ledger.js'
import { readMetric, serverEnvironment } from './mortal-server.js'
import { fromEnvironment, newSeeded } from './seeded.js'
import { buildTown } from './town.js'

const deaths = fromEnvironment('NYNJA_FAULT_ROUNDS', 20)
const seed = fromEnvironment('NYNJA_FAULT_SEED', 1)

let folder = ''
let server: RunningServer
const log = newMailbox<Readonly<Record<string, unknown>>>((line) => JSON.stringify(line))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-worker-'))
  const loaded = loadOptions([], serverEnvironment(folder), folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  const lines = new Writable({
    write(line: Buffer, _encoding, done) {
      log.put(JSON.parse(line.toString()) as Readonly<Record<string, unknown>>)
      done()
    },
  })
  server = await startServer(loaded.options, openLog('info', lines))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const port = (): number => Number(server.ports.mqtt)

test(`loses and repeats nothing, and keeps every connection, through ${String(deaths)} deaths of a worker`, async () => {
  const random = newSeeded(seed)
  const ledger = newLedger()
  const town = await buildTown(port(), 20, ledger)
  const load = newChatLoad(town, ledger)
  load.start()
  const replaced = [Promise.resolve(), Promise.resolve()]
  for (let death = 0; death < deaths; death++) {
    const node = 1 + (death % 2)
    await load.acknowledgements(random.integer(1, 100))
    await replaced[node - 1]
    await server.killWorker(node)
    replaced[node - 1] = log
      .take('its replacement', ({ event, node: of }) => event === 'worker-restarted' && of === node)
      .then(() => undefined)
  }
  await load.stop()
  await ledger.complete()
  await checkTown(`${String(deaths)} deaths of a worker, seed ${String(seed)}`, town, ledger)
  expect(town.citizens.map(({ device }) => device.counts.connectionsLost)).toEqual(town.citizens.map(() => 0))
  expect(await readMetric(Number(server.ports.admin), 'nynja_worker_restarts_total')).toBe(deaths)
  expect(await readMetric(Number(server.ports.admin), 'nynja_faults_total')).toBe(0)
})

test('tells friends of a device that left while its worker was dead', async () => {
  const watcherName = ['watcher', '380673330001'] as const
  const watcherAccount = await register(port(), ...watcherName)
  const watcher = await come(port(), watcherAccount)
  for (let i = 0; i < 3; i++) {
    const account = await register(port(), `leaver${String(i)}`, `38067333001${String(i)}`)
    const leaver = await come(port(), account)
    await befriend([watcherAccount, watcher], [account, leaver])
    const node = selectNode(account.clientId, 2)
    // Its worker dies with the departure untold, or told and not committed.
    const killed = server.killWorker(node)
    leaver.cut()
    await killed
    const seen = await watcher.pushes.take('offline', (push) => {
      const found = recordOf(push)
      return found.tag === 'Contact' && found.phone_id === account.phoneId && found.presence === 'offline'
    })
    expect(seen.topic).toBe(`ac/${account.phoneId}`)
  }
  await watcher.disconnect()
})
