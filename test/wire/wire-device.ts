import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type ISubackPacket,
  type Packet,
  parser,
} from 'mqtt-packet'
import { newMailbox, type Mailbox } from './mailbox.js'

export type Qos = 0 | 1 | 2

/** The fields of a CONNECT that matter to a test. */
export interface ConnectFields {
  readonly clientId: string
  readonly username?: string
  readonly password?: string
  /** A device keeps its session, everyone else begins a clean one, unless a test says otherwise. */
  readonly clean?: boolean
  readonly keepalive?: number
  readonly will?: { readonly topic: string; readonly payload: Uint8Array; readonly qos?: Qos; readonly retain?: boolean }
}

export interface PublishFields {
  readonly qos?: Qos
  readonly messageId?: number
  readonly dup?: boolean
  readonly retain?: boolean
}

/** An MQTT 3.1.1 client that shows every packet and does only what it is told, or, by default, acknowledges what it is sent. */
export interface WireDevice {
  /** Deliveries (PUBLISH). */
  readonly pushes: Mailbox<IPublishPacket>
  /** All other packets; the handshakes of deliveries only while the device does not acknowledge by itself. */
  readonly packets: Mailbox<Packet>
  /** Whether deliveries are acknowledged as they come. */
  acknowledges: boolean
  readonly isClosed: boolean
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  send(packet: Packet): void
  write(bytes: Uint8Array): void
  /** Sends CONNECT; resolves to CONNACK. */
  connect(fields: ConnectFields): Promise<IConnackPacket>
  /** Publishes, and resolves when the handshake of its QoS (2 unless given) is complete. */
  publish(topic: string, payload: Uint8Array, fields?: PublishFields): Promise<void>
  /** Return codes of SUBACK. */
  subscribe(...topics: readonly string[]): Promise<readonly number[]>
  /** A packet id this device has not used yet. */
  nextId(): number
  /** DISCONNECT, and the end of the connection. */
  disconnect(): Promise<void>
  /** Loses the connection. */
  cut(): void
}

const isPublish = (packet: Packet): packet is IPublishPacket => packet.cmd === 'publish'
const isConnack = (packet: Packet): packet is IConnackPacket => packet.cmd === 'connack'
const isSuback = (packet: Packet): packet is ISubackPacket => packet.cmd === 'suback'

/** Behind the fixed header of a short packet, the protocol name and its level. */
const connectFlagsAt = 9
const cleanFlag = 0x02

/** A device on a stream that is open or opening. */
export function newWireDevice(stream: Duplex): WireDevice {
  const pushes = newMailbox<IPublishPacket>((packet) => `${packet.topic} (${String(packet.payload.length)} bytes)`)
  const packets = newMailbox<Packet>((packet) => `${packet.cmd} ${String(packet.messageId ?? '')}`)
  const reading = parser({ protocolVersion: 4 })
  let isClosed = false
  let lastId = 0

  function send(packet: Packet): void {
    stream.write(generate(packet))
  }

  function acknowledge(packet: Packet): boolean {
    const { messageId } = packet
    if (!device.acknowledges || messageId === undefined) return false
    if (isPublish(packet) && packet.qos > 0) send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId })
    if (packet.cmd !== 'pubrel') return false
    send({ cmd: 'pubcomp', messageId })
    return true
  }

  reading.on('packet', (packet: Packet) => {
    const isDone = acknowledge(packet)
    if (isPublish(packet)) pushes.put(packet)
    else if (!isDone) packets.put(packet)
  })
  stream.on('data', (chunk: Buffer) => reading.parse(chunk))
  // What a reset says, 'close' says too.
  stream.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    stream.once('close', () => {
      isClosed = true
      pushes.end('the connection is closed')
      packets.end('the connection is closed')
      resolve()
    })
  })
  stream.once('end', () => stream.destroy())

  const device: WireDevice = {
    pushes,
    packets,
    acknowledges: true,
    closed,
    get isClosed() {
      return isClosed
    },
    send,
    write: (bytes) => void stream.write(bytes),
    connect({ clientId, username = 'api', password, clean = !clientId.startsWith('emqttd_'), keepalive = 0, will }) {
      const packet: IConnectPacket = { cmd: 'connect', clientId, username, clean, keepalive, protocolId: 'MQTT', protocolVersion: 4 }
      if (password !== undefined) packet.password = Buffer.from(password)
      if (will !== undefined) packet.will = { qos: 0, retain: false, ...will, payload: Buffer.from(will.payload) }
      // mqtt-packet does not write what [MQTT-3.1.3-8] forbids: the flag is cleared in what it has written.
      const bytes = generate(clientId === '' ? { ...packet, clean: true } : packet)
      if (clientId === '' && !clean) bytes.writeUInt8(bytes.readUInt8(connectFlagsAt) & ~cleanFlag, connectFlagsAt)
      stream.write(bytes)
      return packets.takeOf('CONNACK', isConnack)
    },
    async publish(topic, payload, { qos = 2, messageId = qos > 0 ? device.nextId() : undefined, dup = false, retain = false } = {}) {
      const packet: IPublishPacket = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, dup, retain }
      send(messageId === undefined ? packet : { ...packet, messageId })
      const answered = (cmd: Packet['cmd']): Promise<Packet> =>
        packets.take(`${cmd} ${String(messageId)}`, (one) => one.cmd === cmd && one.messageId === messageId)
      if (qos === 1) await answered('puback')
      if (qos < 2 || messageId === undefined) return
      await answered('pubrec')
      send({ cmd: 'pubrel', messageId })
      await answered('pubcomp')
    },
    async subscribe(...topics) {
      const messageId = device.nextId()
      send({ cmd: 'subscribe', messageId, subscriptions: topics.map((topic) => ({ topic, qos: 2 })) })
      const suback = await packets.takeOf('SUBACK', isSuback)
      return suback.granted.map(Number)
    },
    nextId: () => ++lastId,
    disconnect() {
      send({ cmd: 'disconnect' })
      stream.end()
      return closed
    },
    cut: () => stream.destroy(),
  }
  return device
}

/** A device on a new TCP connection to the server of this process' tests. */
export function dial(port: number): WireDevice {
  return newWireDevice(connectTcp({ host: '127.0.0.1', port, noDelay: true }))
}
