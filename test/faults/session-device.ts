import { connect as connectTcp, type Socket } from 'node:net'
import { generate, type IConnackPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet'
import type { Account } from '../wire/requests.js'

/**
 * A device that keeps its MQTT session (clean session off) through any number of connections, and keeps it to the letter of MQTT 3.1.1, 4.3
 * and 4.4: what is unacknowledged is sent again in its order, PUBLISH with DUP and its packet id, or PUBREL where PUBREC has come; a QoS 2
 * delivery is passed on when its PUBLISH comes first and is known by its packet id until PUBREL.
 */
export interface SessionDevice {
  readonly account: Account
  readonly isConnected: boolean
  /** CONNECT with the session; resolves when CONNACK has come and all that is unacknowledged has been sent again. */
  connect(port: number): Promise<IConnackPacket>
  /** Publishes now, or when it is next connected. Resolves at PUBACK, or at the first sign of the server having it: PUBREC. */
  publish(topic: string, payload: Uint8Array, qos: 1 | 2): Promise<void>
  /** Loses the connection. */
  cut(): void
  /** Resolves when it is not connected, and the device did not cut it. */
  lost(): Promise<void>
  /** Stops reading; acknowledges nothing meanwhile. */
  pause(): void
  resume(): void
  /** Resolves when all that was published has been acknowledged to the end (PUBACK, PUBCOMP). */
  acknowledged(): Promise<void>
  readonly counts: SessionCounts
}

export interface SessionCounts {
  readonly connects: number
  /** PUBLISH and PUBREL sent again. */
  readonly repeatsSent: number
  /** QoS 2 deliveries that came again and were known by their packet id. */
  readonly repeatsKnown: number
  /** Connects, but for the first, that found no session: an honest device would lose its QoS state there. */
  readonly sessionsLost: number
  /** Connections that ended without the device having cut them. */
  readonly connectionsLost: number
}

export interface SessionWorld {
  /** Each delivery that an application would see. */
  readonly onDelivery: (packet: IPublishPacket) => void
  /** Packet id to begin with, so that ids come round during a test. */
  readonly firstPacketId?: number
  /** PINGREQ goes out so often; a connection on which none is answered for half a minute is given up. Without it none is sent. */
  readonly keepaliveMs?: number
}

interface Unacknowledged {
  readonly packet: IPublishPacket
  isReceived: boolean
  readonly resolve: () => void
}

/** Machines that tests run on may stand still for some time. */
const pingPatienceMs = 30_000

export function newSessionDevice(account: Account, { onDelivery, firstPacketId = 1, keepaliveMs = 0 }: SessionWorld): SessionDevice {
  /** In the order in which they were first sent. */
  const unacknowledged = new Map<number, Unacknowledged>()
  /** Packet ids of QoS 2 deliveries between PUBLISH and PUBREL. */
  const receivedIds = new Set<number>()
  const idleWaiters: (() => void)[] = []
  const lossWaiters: (() => void)[] = []
  const counts = { connects: 0, repeatsSent: 0, repeatsKnown: 0, sessionsLost: 0, connectionsLost: 0 }
  let nextId = firstPacketId
  let socket: Socket | undefined
  let isConnected = false
  let pinging: NodeJS.Timeout | undefined
  let heardAt = 0

  function send(packet: Packet): void {
    socket?.write(generate(packet))
  }

  function packetId(): number {
    while (unacknowledged.has(nextId)) nextId = (nextId % 0xffff) + 1
    const id = nextId
    nextId = (nextId % 0xffff) + 1
    return id
  }

  function finish(id: number): void {
    unacknowledged.get(id)?.resolve()
    unacknowledged.delete(id)
    if (unacknowledged.size === 0) for (const resolve of idleWaiters.splice(0)) resolve()
  }

  function receive(packet: IPublishPacket): void {
    const id = packet.messageId ?? 0
    if (packet.qos === 2) {
      if (receivedIds.has(id)) counts.repeatsKnown++
      else onDelivery(packet)
      receivedIds.add(id)
      send({ cmd: 'pubrec', messageId: id })
      return
    }
    onDelivery(packet)
    if (packet.qos === 1) send({ cmd: 'puback', messageId: id })
  }

  function keepAlive(on: Socket): void {
    clearInterval(pinging)
    if (keepaliveMs === 0) return
    heardAt = Date.now()
    pinging = setInterval(() => {
      if (Date.now() - heardAt > Math.max(pingPatienceMs, 2 * keepaliveMs)) on.destroy()
      else send({ cmd: 'pingreq' })
    }, keepaliveMs)
  }

  function take(packet: Packet): void {
    const id = packet.messageId ?? 0
    switch (packet.cmd) {
      case 'publish':
        receive(packet)
        return
      case 'pubrel':
        receivedIds.delete(id)
        send({ cmd: 'pubcomp', messageId: id })
        return
      case 'pubrec': {
        const own = unacknowledged.get(id)
        if (own !== undefined) {
          own.isReceived = true
          own.resolve()
        }
        send({ cmd: 'pubrel', messageId: id })
        return
      }
      case 'puback':
      case 'pubcomp':
        finish(id)
        return
      case 'pingresp':
        heardAt = Date.now()
        return
      default:
    }
  }

  function sendAgain(): void {
    for (const [messageId, { packet, isReceived }] of unacknowledged) {
      counts.repeatsSent++
      if (isReceived) send({ cmd: 'pubrel', messageId })
      else send({ ...packet, dup: true })
    }
  }

  return {
    account,
    counts,
    get isConnected() {
      return isConnected
    },
    connect: (port) =>
      new Promise((resolve, reject) => {
        const opened = connectTcp({ host: '127.0.0.1', port, noDelay: true })
        const reading = parser({ protocolVersion: 4 })
        socket = opened
        opened.on('data', (chunk: Buffer) => {
          reading.parse(chunk)
        })
        opened.on('error', () => undefined)
        opened.once('close', () => {
          if (socket !== opened) return
          if (isConnected) counts.connectionsLost++
          isConnected = false
          clearInterval(pinging)
          for (const resolve of lossWaiters.splice(0)) resolve()
          reject(new Error(`${account.clientId}: the connection ended before CONNACK`))
        })
        reading.on('packet', (packet: Packet) => {
          if (socket !== opened) return
          if (packet.cmd !== 'connack') {
            take(packet)
            return
          }
          if (packet.returnCode !== 0) {
            reject(new Error(`${account.clientId} was refused with ${String(packet.returnCode)}`))
            return
          }
          if (counts.connects > 0 && !packet.sessionPresent) counts.sessionsLost++
          counts.connects++
          isConnected = true
          keepAlive(opened)
          sendAgain()
          resolve(packet)
        })
        send({
          cmd: 'connect',
          clientId: account.clientId,
          username: 'api',
          password: Buffer.from(account.token),
          clean: false,
          keepalive: Math.ceil((12 * keepaliveMs) / 1_000),
          protocolId: 'MQTT',
          protocolVersion: 4,
        })
      }),
    publish: (topic, payload, qos) =>
      new Promise((resolve) => {
        const messageId = packetId()
        const packet: IPublishPacket = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, dup: false, retain: false, messageId }
        unacknowledged.set(messageId, { packet, isReceived: false, resolve })
        if (isConnected) send(packet)
      }),
    cut() {
      isConnected = false
      clearInterval(pinging)
      socket?.destroy()
      socket = undefined
    },
    async lost() {
      if (isConnected) await new Promise<void>((resolve) => lossWaiters.push(resolve))
    },
    pause() {
      socket?.pause()
    },
    resume() {
      socket?.resume()
    },
    async acknowledged() {
      if (unacknowledged.size > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve))
    },
  }
}
