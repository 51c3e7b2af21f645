/** How the command's device bears what servers answer to CONNECT; ours gives no code for what will pass, others do. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { generate, parser } from 'mqtt-packet'
import { type Device, type DeviceOptions, connectDevice } from '../../src/cli/device.js'
import { encode, record } from '../../src/protocol/index.js'
import { newMailbox } from '../wire/mailbox.js'

const greeting = generate({
  ...{ cmd: 'publish', topic: 'actions/1/api/emqttd_x', qos: 0, dup: false, retain: false },
  payload: Buffer.from(encode(record('Profile', { phone: '9991001', status: 'init' }), { codec: 'bert', dialect: 'v1' })),
})

let server: Server
let device: Device | undefined
const sockets = new Set<Socket>()
afterEach(async () => {
  await device?.close()
  device = undefined
  for (const socket of sockets) socket.destroy()
  server.close()
})

/** A server that answers one CONNECT after the other with these codes; whoever is accepted is greeted. */
async function answering(...codes: readonly number[]): Promise<DeviceOptions> {
  const left = [...codes]
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    const reading = parser({ protocolVersion: 4 })
    reading.on('packet', ({ cmd }) => {
      if (cmd !== 'connect') return
      const returnCode = left.shift() ?? 0
      socket.write(generate({ cmd: 'connack', returnCode, sessionPresent: false }))
      if (returnCode === 0) socket.write(greeting)
      else socket.end()
    })
    socket.on('data', (bytes) => reading.parse(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ server: `mqtt://127.0.0.1:${String(port)}`, clientId: 'emqttd_x', token: 'x', codec: 'bert', dialect: 'v1' },
    isPersistent: true,
  }
}

const cut = (): void => {
  for (const socket of sockets) socket.destroy()
}

test('a refusal that will pass is outlasted; one that is final ends it, in words', async () => {
  const events = newMailbox<string>((event) => event)
  device = await connectDevice(await answering(0, 3, 3, 0, 4), {
    onLost: () => {
      events.put('lost')
    },
    onBack: () => {
      events.put('back')
    },
    onBarred: ({ exitCode, message }) => {
      events.put(`${String(exitCode)} ${message}`)
    },
  })
  cut()
  await events.take('the loss', (event) => event === 'lost')
  await events.take('the return', (event) => event === 'back')
  cut()
  const end = await events.take('the end', (event) => /^\d/.test(event))
  expect(end).toMatch(/^5 .*its token is void.*Register again/)
})

test('a first refusal ends it at once', async () => {
  await expect(connectDevice(await answering(2))).rejects.toMatchObject({ exitCode: 5 })
  server.close()
  await expect(connectDevice(await answering(3))).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(/Server unavailable/) as unknown,
  })
})
