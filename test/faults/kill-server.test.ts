import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { checkTown } from './check-town.js'
import { newChatLoad } from './chat-load.js'
import { newLedger } from './ledger.js'
import { type MortalServer, newMortalServer } from './mortal-server.js'
import { fromEnvironment, newSeeded } from './seeded.js'
import { buildTown } from './town.js'

const lives = fromEnvironment('NYNJA_FAULT_ROUNDS', 20)
const seed = fromEnvironment('NYNJA_FAULT_SEED', 1)

let server: MortalServer
beforeAll(async () => {
  server = await newMortalServer()
  await server.start()
})
afterAll(() => server.close())

test(`loses, repeats and reorders nothing it has acknowledged through ${String(lives)} kills of the process`, async () => {
  const random = newSeeded(seed)
  const ledger = newLedger()
  const town = await buildTown(server.mqtt, 20, ledger)
  const load = newChatLoad(town, ledger)
  load.start()
  for (let life = 0; life < lives; life++) {
    await load.acknowledgements(random.integer(1, 200))
    await server.kill()
    await server.start()
    await town.connect(server.mqtt)
  }
  await load.stop()
  await ledger.complete()
  await checkTown(`${String(lives)} kills of the server, seed ${String(seed)}`, town, ledger)
  expect(server.faults).toEqual([])
})
