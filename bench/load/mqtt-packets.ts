/** MQTT 3.1.1 packets as the load generator writes them: no validation, nothing the scenarios do not need. */

export const connackType = 2
export const publishType = 3
export const pubackType = 4
export const pubrelType = 6
export const subackType = 9

export interface ConnectOptions {
  readonly clientId: string
  readonly clean: boolean
  readonly password?: string
  /** Topic of an empty QoS 0 will; names the dialect as `version/N`. */
  readonly will?: string
  /** Seconds; half an hour unless given. */
  readonly keepAlive?: number
}

/** No scenario idles for as long as this, so no PINGREQ is ever due; it makes servers keep the timers a phone would make them keep. */
const keepAliveSeconds = 1_800

export function connectPacket({ clientId, clean, password, will, keepAlive = keepAliveSeconds }: ConnectOptions): Buffer {
  const flags = 0x80 | (password === undefined ? 0 : 0x40) | (will === undefined ? 0 : 0x04) | (clean ? 0x02 : 0)
  const head = Buffer.concat([lengthPrefixed('MQTT'), Buffer.from([4, flags, keepAlive >> 8, keepAlive & 0xff])])
  const willFields = will === undefined ? [] : [lengthPrefixed(will), lengthPrefixed('')]
  const passwordField = password === undefined ? [] : [lengthPrefixed(password)]
  return packet(0x10, Buffer.concat([head, lengthPrefixed(clientId), ...willFields, lengthPrefixed('api'), ...passwordField]))
}

export function subscribePacket(packetId: number, filters: readonly string[], qos: 0 | 1 | 2): Buffer {
  const wanted = filters.flatMap((filter) => [lengthPrefixed(filter), Buffer.from([qos])])
  return packet(0x82, Buffer.concat([Buffer.from([packetId >> 8, packetId & 0xff]), ...wanted]))
}

export function unsubscribePacket(packetId: number, filters: readonly string[]): Buffer {
  return packet(0xa2, Buffer.concat([Buffer.from([packetId >> 8, packetId & 0xff]), ...filters.map(lengthPrefixed)]))
}

/** A PUBLISH at QoS 1. */
export function publishPacket(topic: string, payload: Buffer, packetId: number): Buffer {
  const { bytes, packetIdAt } = publishTemplate(topic, payload)
  bytes.writeUInt16BE(packetId, packetIdAt)
  return bytes
}

export const pingPacket: Buffer = Buffer.from([0xc0, 0])

export const disconnectPacket: Buffer = Buffer.from([0xe0, 0])

/** A PUBLISH at QoS 1 made once and sent many times: only the packet id and, if asked for, a decimal counter change. */
export interface PublishTemplate {
  readonly bytes: Buffer
  readonly packetIdAt: number
  /** Where the ten digits of the counter stand, or -1. */
  readonly counterAt: number
}

/** Stands in a payload where each sending is to write its number. */
export const counterMark = '##########'

export function publishTemplate(topic: string, payload: Buffer): PublishTemplate {
  const name = lengthPrefixed(topic)
  const bytes = packet(0x32, Buffer.concat([name, Buffer.from([0, 0]), payload]))
  const mark = payload.indexOf(counterMark)
  const payloadAt = bytes.length - payload.length
  return { bytes, packetIdAt: payloadAt - 2, counterAt: mark < 0 ? -1 : payloadAt + mark }
}

/** Writes the ten decimal digits of `value` at `at`. */
export function writeCounter(bytes: Buffer, at: number, value: number): void {
  let rest = value
  for (let index = at + counterMark.length - 1; index >= at; index--) {
    bytes[index] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

function packet(header: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([header, ...remainingLength(body.length)]), body])
}

function remainingLength(length: number): number[] {
  const bytes: number[] = []
  let rest = length
  do {
    const low = rest & 0x7f
    rest >>= 7
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}
