import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { openLog } from '../../server/log.js'
import { loadOptions } from '../../server/options-load.js'
import { startServer } from '../../server/start.js'
import { type PushReceiver, startPushReceiver } from '../wire/push-receiver.js'
import { type Account, befriend, bert, come, eventsTopic, register, settle, textMessage } from '../wire/requests.js'
import type { WireDevice } from '../wire/wire-device.js'
import { type MortalServer, newMortalServer, serverEnvironment } from './mortal-server.js'

/** Long enough for a kill to come before its end; after a restart it begins anew. */
const graceMs = 3_000

let server: MortalServer
let receiver: PushReceiver
beforeAll(async () => {
  receiver = await startPushReceiver()
  server = await newMortalServer({ ...receiver.environment, NYNJA_PUSH_GRACE_MS: String(graceMs) })
  await server.start()
})
afterAll(async () => {
  await server.close()
  await receiver.close()
})

test('who is away is notified although the process died between the message and its notification; who acknowledges is not', async () => {
  const accounts: Account[] = []
  const devices: WireDevice[] = []
  for (const name of ['author', 'away', 'before', 'after']) {
    const account = await register(server.mqtt, name, `38067557000${String(accounts.length)}`)
    const device = await come(server.mqtt, account)
    await device.publish(eventsTopic, encode(record('Auth', { type: 'push', push: name, os: 'ios' }), bert), { qos: 1 })
    await settle(device)
    accounts.push(account)
    devices.push(device)
  }
  const [author, away, before, after] = accounts as [Account, Account, Account, Account]
  const [authorDevice, ...others] = devices as [WireDevice, ...WireDevice[]]
  for (const [i, other] of [away, before, after].entries()) await befriend([author, authorDevice], [other, others[i]!])
  const [awayDevice, beforeDevice, afterDevice] = others as [WireDevice, WireDevice, WireDevice]
  await awayDevice.disconnect()
  await afterDevice.disconnect()
  for (const other of [before, after, away]) {
    await authorDevice.publish(eventsTopic, encode(textMessage(author, other, `to ${other.phone}`), bert), { qos: 1 })
  }
  await settle(beforeDevice)
  await beforeDevice.disconnect()
  // Before it is served again, what it has acknowledged is written.
  await (await come(server.mqtt, before)).disconnect()
  expect(receiver.pushes.items).toEqual([])
  await server.kill()
  await server.start()
  const back = await come(server.mqtt, after)
  expect(await receiver.pushes.take('the notification of who is away')).toMatchObject({ token: 'away', kind: 'message', unread: 1 })
  // The entries were taken up in their order, that of who is away last: the others have been decided on.
  expect(receiver.pushes.items).toEqual([])
  await back.disconnect()
  expect(server.faults).toEqual([])
})

test('who is away is notified although the worker died between the message and its notification, by the one that takes its place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-push-'))
  const environment = { ...serverEnvironment(folder), ...receiver.environment, NYNJA_PUSH_GRACE_MS: '1000' }
  const loaded = loadOptions([], environment, folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  const nowhere = new Writable({
    write(_line, _encoding, done) {
      done()
    },
  })
  const running = await startServer(loaded.options, openLog('info', nowhere))
  const port = Number(running.ports.mqtt)
  const author = await register(port, 'author', '380675580001')
  const away = await register(port, 'away', '380675580002')
  const [authorDevice, awayDevice] = [await come(port, author), await come(port, away)]
  await awayDevice.publish(eventsTopic, encode(record('Auth', { type: 'push', push: 'away', os: 'ios' }), bert), { qos: 1 })
  await befriend([author, authorDevice], [away, awayDevice])
  await awayDevice.disconnect()
  await authorDevice.publish(eventsTopic, encode(textMessage(author, away, 'hello'), bert), { qos: 1 })
  await Promise.all([running.killWorker(1), running.killWorker(2)])
  expect(await receiver.pushes.take('the notification', ({ kind }) => kind === 'message')).toMatchObject({ token: 'away', unread: 1 })
  await authorDevice.disconnect()
  await running.stop()
  await rm(folder, { recursive: true, force: true })
})
