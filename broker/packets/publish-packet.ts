import type { Parcel, Wire } from '../../delivery/index.js'

/** A PUBLISH for any number of receivers: laid out once, then copied with each receiver's packet id and DUP flag. */
export interface PublishTemplate extends Parcel {
  readonly bytes: Buffer
  /** Where the packet id stands; 0 at QoS 0, which has none. */
  readonly packetIdAt: number
}

const publishType = 0x30
const dupFlag = 0x08

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
  const bytes = Buffer.allocUnsafe(1 + lengthBytes + remaining)
  let at = 0
  bytes[at++] = publishType | (qos << 1)
  for (let rest = remaining; ; rest >>= 7) {
    if (rest < 0x80) {
      bytes[at++] = rest
      break
    }
    bytes[at++] = (rest & 0x7f) | 0x80
  }
  bytes.writeUInt16BE(topicBytes, at)
  at += 2
  bytes.write(topic, at, 'utf8')
  at += topicBytes
  const packetIdAt = qos > 0 ? at : 0
  bytes.set(payload, at + (qos > 0 ? 2 : 0))
  return { bytes, size: bytes.length, packetIdAt, qos }
}

/** How MQTT 3.1.1 lays out what is sent. */
export const publishWire: Wire = { layOut: publishTemplate }

/** The template itself, for its only receiver. */
export function publishToOne({ bytes, packetIdAt }: PublishTemplate, packetId: number): Buffer {
  if (packetIdAt > 0) bytes.writeUInt16BE(packetId, packetIdAt)
  return bytes
}

/** What one of many receivers is sent: a copy of the template, or at QoS 0, where nothing differs, the template itself. */
export function publishFor(template: PublishTemplate, packetId: number, isDuplicate: boolean): Buffer {
  if (template.qos === 0) return template.bytes
  const copy = Buffer.allocUnsafe(template.bytes.length)
  template.bytes.copy(copy)
  if (template.packetIdAt > 0) copy.writeUInt16BE(packetId, template.packetIdAt)
  if (isDuplicate) copy[0] = publishType | dupFlag | (template.qos << 1)
  return copy
}

/** PUBREL. @see MQTT 3.1.1, 3.6 */
export function pubrel(packetId: number): Buffer {
  return Buffer.from([0x62, 2, packetId >> 8, packetId & 0xff])
}
