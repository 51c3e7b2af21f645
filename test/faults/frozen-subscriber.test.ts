import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { bert, eventsTopic } from '../wire/requests.js'
import { newChatLoad } from './chat-load.js'
import { checkTown } from './check-town.js'
import { newLedger } from './ledger.js'
import { eventually, type MortalServer, newMortalServer } from './mortal-server.js'
import { fromEnvironment } from './seeded.js'
import { buildTown } from './town.js'

const messages = 50 * fromEnvironment('NYNJA_FAULT_ROUNDS', 20)
/** Presence, typing and the like are dropped for one who does not read; they must not pile up. */
const typings = messages
const allowedGrowthBytes = 128 * 1024 * 1024

let server: MortalServer
beforeAll(async () => {
  server = await newMortalServer()
  await server.start()
})
afterAll(() => server.close())

test('serves the others of a room while one member does not read, in bounded memory, and gives it everything when it reads again', async () => {
  const size = 30
  const frozenPlace = size - 1
  const ledger = newLedger()
  const town = await buildTown(server.mqtt, size, ledger)
  const frozen = town.citizens[frozenPlace]!
  const author = town.citizens[0]!
  const before = await server.residentBytes()

  frozen.device.pause()
  const load = newChatLoad(town, ledger, (place) => place === frozenPlace)
  const typing = encode(record('Typing', { from: author.account.phoneId, to: 'town' }), bert)
  const enough = load.acknowledgements(messages)
  load.start()
  for (let sent = 0; sent < typings; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => author.device.publish(eventsTopic, typing, 1)))
  }
  await enough
  await load.stop()
  await ledger.complete(frozen.name)
  const grown = (await server.residentBytes()) - before
  expect(grown).toBeLessThan(allowedGrowthBytes)

  frozen.device.resume()
  await ledger.complete()
  await checkTown(
    `one of ${String(size)} frozen, ${String(typings)} typings, memory grown by ${(grown / 1024 / 1024).toFixed(0)} MiB`,
    town,
    ledger,
  )
  expect(frozen.device.counts.connectionsLost).toBe(0)
  expect(server.faults).toEqual([])
  await eventually('the connections are counted', async () => (await server.metric('nynja_connections')) === size)
})
