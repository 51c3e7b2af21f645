/** Control packet types that a client may send. @see MQTT 3.1.1, 2.2.1 */
export const packetTypes = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const

/** The fixed header of a packet. */
export interface PacketHeader {
  readonly type: number
  readonly headerBytes: number
  /** What follows the header. */
  readonly bodyBytes: number
}

const lengthBytesMax = 4

/**
 * Reads the fixed header that begins at `at`.
 * @returns `partial` if the bytes end within it, `malformed` if its length has a fifth byte
 * @see MQTT 3.1.1, 2.2.3
 */
export function readHeader(bytes: Uint8Array, at: number): PacketHeader | 'partial' | 'malformed' {
  const first = bytes[at]
  if (first === undefined) return 'partial'
  let bodyBytes = 0
  for (let i = 0; i < lengthBytesMax; i++) {
    const byte = bytes[at + 1 + i]
    if (byte === undefined) return 'partial'
    bodyBytes += (byte & 0x7f) << (7 * i)
    if (byte < 0x80) return { type: first >> 4, headerBytes: 2 + i, bodyBytes }
  }
  return 'malformed'
}
