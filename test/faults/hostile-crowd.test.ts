import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { attacks } from '../../bench/load/hostile/attacks.js'
import { newHostileCrowd } from '../../bench/load/hostile/crowd.js'
import { prepareHostility, uploadFile } from '../../bench/load/hostile/prepare.js'
import { type Account, type Device, logIn, register } from '../../bench/load/device.js'
import { testCode } from '../wire/wire-server.js'
import { newChatLoad } from './chat-load.js'
import { checkTown } from './check-town.js'
import { newLedger } from './ledger.js'
import { type MortalServer, newMortalServer } from './mortal-server.js'
import { buildTown, type Town } from './town.js'

/** Each attack three times. */
const hostileClients = 3 * attacks.length
const turnsOfEach = 20
/** Texts of a long chat. */
const texts = { usual: 32, longest: 320 }
const messagesMeanwhile = 400
const fileBytes = 8 * 1_048_576

let server: MortalServer
beforeAll(async () => {
  server = await newMortalServer()
  await server.start()
})
afterAll(() => server.close())

test(`honest people are served beside ${String(hostileClients)} hostile clients of all kinds: nothing is lost, all in order`, async () => {
  const ledger = newLedger()
  const town = await buildTown(server.mqtt, 8, ledger)
  const friendly = await comeAs('3806730', 2)
  const crowd = newHostileCrowd(await hostileWorld(town, friendly), attacks)
  const load = newChatLoad(town, ledger)
  const enough = load.acknowledgements(messagesMeanwhile)
  load.start()

  for (let turn = 0; turn < turnsOfEach * hostileClients; turn++) {
    crowd.turn()
    if (turn % attacks.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  // In the midst of it somebody comes who was never here, and comes again.
  const [newcomer] = await comeAs('3806731', 1)
  await newcomer?.connection.close()
  await enough
  await load.stop()
  const steps = crowd.steps()
  crowd.end()
  await ledger.complete()

  await checkTown(`${String([...steps.values()].reduce((sum, count) => sum + count, 0))} hostile steps`, town, ledger)
  expect([...steps].filter(([, count]) => count === 0)).toEqual([])
  expect(town.citizens.map(({ device }) => device.counts.connectionsLost)).toEqual(town.citizens.map(() => 0))
  expect(server.faults).toEqual([])
  expect(await server.metric('nynja_worker_restarts_total')).toBe(0)
})

/** Registers devices and connects them. */
async function comeAs(numbers: string, count: number): Promise<Device[]> {
  const devices: Device[] = []
  for (let i = 0; i < count; i++)
    devices.push(await logIn(server.mqtt, await register(server.mqtt, `${numbers}${String(10_000 + i)}`, testCode)))
  return devices
}

/** The friends of the hostile are others than the citizens; those who are harmed without having been asked are all of them. */
async function hostileWorld({ citizens }: Town, friends: readonly Device[]) {
  const port = server.mqtt
  const accounts: Account[] = []
  for (let i = 0; i < hostileClients; i++) accounts.push(await register(port, `3806732${String(10_000 + i)}`, testCode))
  await prepareHostility({ port, accounts, attacks, acquainted: friends, texts })
  const acquainted = friends.map(({ account }) => account)
  const [uploader] = friends
  return {
    mqttPort: port,
    httpPort: server.http,
    accounts,
    victims: [...acquainted, ...citizens.map(({ account }) => account)],
    acquainted,
    filePath: uploader === undefined ? '' : await uploadFile(uploader, fileBytes),
    strangeNumbers: '38050',
  }
}
