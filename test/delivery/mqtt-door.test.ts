import { decodePush, encode } from '../../protocol/index.js'
import { newMailbox } from '../wire/mailbox.js'
import { bert, eventsTopic } from '../wire/requests.js'
import { dial } from '../wire/wire-device.js'
import { startWireServer } from '../wire/wire-server.js'
import { doorPromises, type Peer, type Push } from './door-promises.js'

const windowSize = 8

doorPromises('MQTT 3.1.1', async () => {
  const server = await startWireServer({ NYNJA_INFLIGHT_WINDOW: String(windowSize) })
  return {
    windowSize,
    dial: () => newPeer(server.mqtt),
    async drain() {
      server.signal('SIGTERM')
      await server.exited
    },
    close: () => server.close(),
  }
})

function newPeer(port: number): Peer {
  const device = dial(port)
  device.acknowledges = false
  const pushes = newMailbox<Push>(({ topic }) => topic)
  const read = async (): Promise<void> => {
    for (;;) {
      const { topic, payload, dup, qos, messageId = 0 } = await device.pushes.take('a push')
      const decoded = decodePush(Buffer.from(payload), 'v1')
      if (decoded.kind === 'refusal') throw new Error(decoded.because)
      const settle = async (): Promise<void> => {
        if (qos === 1) device.send({ cmd: 'puback', messageId })
        if (qos < 2) return
        device.send({ cmd: 'pubrec', messageId })
        await device.packets.take('PUBREL', (packet) => packet.cmd === 'pubrel' && packet.messageId === messageId)
        device.send({ cmd: 'pubcomp', messageId })
      }
      pushes.put({ topic, record: decoded.record, isRepeated: dup, settle })
    }
  }
  device.closed.then(
    () => {
      pushes.end('the connection is closed')
    },
    () => undefined,
  )
  return {
    pushes,
    closed: device.closed,
    async enter({ clientId, token }) {
      const { returnCode } = await device.connect({ clientId, ...(token === undefined ? {} : { password: token }) })
      void read().catch(() => undefined)
      return returnCode === 0
    },
    async ask(asked, again) {
      const id = again ?? device.nextId()
      await device.publish(eventsTopic, encode(asked, bert), { qos: 1, messageId: id, dup: again !== undefined })
      return { id, verdict: undefined }
    },
    cut: device.cut,
  }
}
