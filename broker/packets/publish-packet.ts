import type { Parcel, Wire } from '../../delivery/index.js'

/** A PUBLISH for any number of receivers: laid out once; what comes before the payload is copied with each receiver's packet id and DUP flag. */
export interface PublishTemplate extends Parcel {
  /** The packet, or what comes before its payload where that is large. */
  readonly head: Buffer
  /** A large payload, which is the same for all and is not copied. */
  readonly tail: Buffer | undefined
  /** Where the packet id stands; 0 at QoS 0, which has none. */
  readonly packetIdAt: number
}

const publishType = 0x30
const dupFlag = 0x08
/** Shorter payloads cost less to be copied than to be written by themselves. */
const largeBytes = 32 * 1024
/** A payload that is not copied keeps all of the memory that it lies in: that may be so many times its own length. */
const mostKept = 2

/**
 * Lays out a PUBLISH packet, retain flag clear.
 * @throws RangeError if it would be longer than MQTT can say (256 MiB)
 * @see MQTT 3.1.1, 3.3 and 2.2.3 (remaining length)
 */
export function publishTemplate(topic: string, qos: 0 | 1 | 2, payload: Uint8Array): PublishTemplate {
  const topicBytes = Buffer.byteLength(topic)
  const remaining = 2 + topicBytes + (qos > 0 ? 2 : 0) + payload.length
  const lengthBytes = remaining < 0x80 ? 1 : remaining < 0x4000 ? 2 : remaining < 0x200000 ? 3 : 4
  if (remaining >= 0x10000000) throw new RangeError('longer than an MQTT packet may be')
  const size = 1 + lengthBytes + remaining
  const isLarge = payload.length >= largeBytes && payload.length * mostKept >= payload.buffer.byteLength
  const head = Buffer.allocUnsafe(isLarge ? size - payload.length : size)
  let at = 0
  head[at++] = publishType | (qos << 1)
  for (let rest = remaining; ; rest >>= 7) {
    if (rest < 0x80) {
      head[at++] = rest
      break
    }
    head[at++] = (rest & 0x7f) | 0x80
  }
  head.writeUInt16BE(topicBytes, at)
  at += 2
  head.write(topic, at, 'utf8')
  at += topicBytes
  const packetIdAt = qos > 0 ? at : 0
  if (!isLarge) head.set(payload, at + (qos > 0 ? 2 : 0))
  const tail = isLarge ? Buffer.from(payload.buffer, payload.byteOffset, payload.length) : undefined
  return { head, tail, size, packetIdAt, qos }
}

/** How MQTT 3.1.1 lays out what is sent. */
export const publishWire: Wire = { layOut: publishTemplate }

/** The head of the template itself, for its only receiver. */
export function publishToOne({ head, packetIdAt }: PublishTemplate, packetId: number): Buffer {
  if (packetIdAt > 0) head.writeUInt16BE(packetId, packetIdAt)
  return head
}

/** The head that one of many receivers is sent: a copy of the template's, or at QoS 0, where nothing differs, that itself. */
export function publishFor({ head, packetIdAt, qos }: PublishTemplate, packetId: number, isDuplicate: boolean): Buffer {
  if (qos === 0) return head
  const copy = Buffer.allocUnsafe(head.length)
  head.copy(copy)
  if (packetIdAt > 0) copy.writeUInt16BE(packetId, packetIdAt)
  if (isDuplicate) copy[0] = publishType | dupFlag | (qos << 1)
  return copy
}

/** PUBREL. @see MQTT 3.1.1, 3.6 */
export function pubrel(packetId: number): Buffer {
  return Buffer.from([0x62, 2, packetId >> 8, packetId & 0xff])
}
