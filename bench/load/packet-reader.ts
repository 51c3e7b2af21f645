/** Called for each whole packet; its variable header and payload are `bytes[start..end)`, valid during the call only. */
export type OnPacket = (header: number, bytes: Buffer, start: number, end: number) => void

/** Returns a function that is fed what a socket delivers; a packet cut in two is kept until its rest comes. */
export function createPacketReader(onPacket: OnPacket): (chunk: Buffer, length: number) => void {
  let rest: Buffer | undefined
  return (chunk, length) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk.subarray(0, length)])
    const end = rest === undefined ? length : bytes.length
    const at = readPackets(bytes, end, onPacket)
    rest = at < end ? Buffer.from(bytes.subarray(at, end)) : undefined
  }
}

/** Reports every whole packet; returns where the first incomplete one starts. */
function readPackets(bytes: Buffer, end: number, onPacket: OnPacket): number {
  let at = 0
  while (end - at >= 2) {
    let body = at + 1
    let length = 0
    let shift = 0
    let byte = 0x80
    while (byte & 0x80) {
      if (body === end) return at
      byte = bytes[body++] ?? 0
      length |= (byte & 0x7f) << shift
      shift += 7
    }
    if (body + length > end) return at
    onPacket(bytes[at] ?? 0, bytes, body, body + length)
    at = body + length
  }
  return at
}
