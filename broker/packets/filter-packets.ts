import { type PacketHeader, packetTypes } from './packet-header.js'

const packetIdBytes = 2
const subackType = 0x90
const refusedCode = 0x80

/**
 * How many filters a SUBSCRIBE or UNSUBSCRIBE has.
 * @param packet all of it
 * @returns undefined if it is malformed
 * @see MQTT 3.1.1, 3.8.3 and 3.10.3
 */
export function countFilters(packet: Buffer, { type, headerBytes }: PacketHeader): number | undefined {
  const behindFilter = type === packetTypes.subscribe ? 1 : 0
  let count = 0
  let at = headerBytes + packetIdBytes
  for (; at + 2 <= packet.length; count++) at += 2 + packet.readUInt16BE(at) + behindFilter
  return at === packet.length && count > 0 ? count : undefined
}

/**
 * SUBACK that refuses every filter of a SUBSCRIBE.
 * @see MQTT 3.1.1, 3.9
 */
export function refusingSuback(subscribe: Buffer, { headerBytes }: PacketHeader, count: number): Buffer {
  const bodyBytes = packetIdBytes + count
  const lengthBytes =
    bodyBytes < 0x80
      ? [bodyBytes]
      : bodyBytes < 0x4000
        ? [(bodyBytes & 0x7f) | 0x80, bodyBytes >> 7]
        : [(bodyBytes & 0x7f) | 0x80, ((bodyBytes >> 7) & 0x7f) | 0x80, bodyBytes >> 14]
  const packetId = subscribe.subarray(headerBytes, headerBytes + packetIdBytes)
  return Buffer.concat([Buffer.from([subackType, ...lengthBytes]), packetId, Buffer.alloc(count, refusedCode)])
}
