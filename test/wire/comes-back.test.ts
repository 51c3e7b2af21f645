/** What will pass is no reason to stay away: a client with the defaults of its library, which ends on a refused CONNACK, comes back by itself. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from '@jest/globals'
import mqtt, { type MqttClient } from 'mqtt'
import { startWireServer, type WireServer } from './wire-server.js'

const servers: WireServer[] = []
const clients: MqttClient[] = []
const folders: string[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true)
  for (const server of servers.splice(0)) await server.close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function start(env: Readonly<Record<string, string>>): Promise<WireServer> {
  const server = await startWireServer(env)
  servers.push(server)
  return server
}

interface Coming {
  readonly client: MqttClient
  /** Resolves when it has been accepted; rejects at a refusal. */
  readonly connected: Promise<void>
  /** Resolves when an attempt has failed. */
  readonly closed: Promise<void>
}

function come(port: number, clientId: string): Coming {
  const client = mqtt.connect(`mqtt://127.0.0.1:${String(port)}`, { clientId, username: 'api' })
  clients.push(client)
  const connected = new Promise<void>((resolve, reject) => {
    client.on('connect', () => {
      resolve()
    })
    client.on('error', (error) => {
      // Its number is that of a CONNACK; nobody listening has a name.
      if ('code' in error && typeof error.code === 'number') reject(error)
    })
  })
  const closed = new Promise<void>((resolve) => client.once('close', resolve))
  return { client, connected, closed }
}

test('after too many connections', async () => {
  const { mqtt: port } = await start({ NYNJA_MAX_CONNECTIONS: '1' })
  const first = come(port, 'reg_first')
  await first.connected
  const second = come(port, 'reg_second')
  await second.closed
  await first.client.endAsync()
  await second.connected
})

test('after too many connections in a time', async () => {
  const { mqtt: port } = await start({ NYNJA_CONNECTS_PER_SECOND: '1', NYNJA_CONNECTS_BURST: '3' })
  const crowd = Array.from({ length: 4 }, (_, i) => come(port, `reg_${String(i)}`))
  await Promise.race(crowd.map(({ closed }) => closed))
  await Promise.all(crowd.map(({ connected }) => connected))
})

test('after a drain, and while nothing listens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-back-'))
  folders.push(folder)
  const first = await start({ NYNJA_DATA_DIR: folder })
  const there = come(first.mqtt, 'reg_there')
  await there.connected
  first.signal('SIGTERM')
  await there.closed
  await first.exited
  const again = new Promise<void>((resolve) =>
    there.client.once('connect', () => {
      resolve()
    }),
  )
  await start({ NYNJA_DATA_DIR: folder, NYNJA_MQTT_PORT: String(first.mqtt) })
  await again
})
