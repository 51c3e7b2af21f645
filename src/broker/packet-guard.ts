/**
 * Follows the packet boundaries in a byte stream, so that a packet that claims to be too large is refused when its header arrives, not after
 * it has been buffered. @see docs/protocol/topics.md 12; MQTT 3.1.1, 2.2.3
 */
export interface PacketGuard {
  /** @returns false if a packet is larger than allowed or its length is malformed: the connection must be closed */
  accepts(chunk: Uint8Array): boolean
}

export function newPacketGuard(maxPacketBytes: number): PacketGuard {
  let toSkip = 0
  let isInLength = false
  let length = 0
  let shift = 0

  return {
    accepts(chunk) {
      let at = 0
      while (at < chunk.length) {
        if (toSkip > 0) {
          const skipped = Math.min(toSkip, chunk.length - at)
          toSkip -= skipped
          at += skipped
          continue
        }
        const byte = chunk[at++] ?? 0
        if (!isInLength) {
          isInLength = true
          length = 0
          shift = 0
          continue
        }
        length |= (byte & 0x7f) << shift
        shift += 7
        if (byte < 0x80) {
          isInLength = false
          toSkip = length
          if (length > maxPacketBytes) return false
        } else if (shift > 21) return false
      }
      return true
    },
  }
}
