/** Of a frame: FIN, then the opcode; then the mask bit and a length, which may be spelled in the bytes behind it; then the mask. */
const finBit = 0x80
const opcodeBits = 0x0f
const maskBit = 0x80
const lengthBits = 0x7f
const maskBytes = 4
/** Opcodes from here on are of control frames, which come between the parts of a message. */
const firstControl = 8

/**
 * Follows the frames of a WebSocket, so that a message that claims to be larger than it may be is refused when the header of its frame arrives, not
 * after it has been buffered. Control frames, which are short, are passed over. @see RFC 6455, 5.2
 */
export class FrameGuard {
  /** Of a message, all its frames together. Infinity leaves it to whoever takes the messages. */
  maxMessageBytes: number
  readonly #header: number[] = []
  #messageBytes = 0
  #toSkip = 0

  constructor(maxMessageBytes: number) {
    this.maxMessageBytes = maxMessageBytes
  }

  /** @returns false if a message is larger than it may be: the connection must be closed */
  accepts(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length;) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, bytes.length - at)
        this.#toSkip -= skipped
        at += skipped
      } else if (!this.#acceptsHeaderByte(bytes[at++] ?? 0)) return false
    }
    return true
  }

  #acceptsHeaderByte(byte: number): boolean {
    const header = this.#header
    header.push(byte)
    const [first = 0, second = 0] = header
    if (header.length < 2) return true
    const spelled = second & lengthBits
    const lengthBytes = spelled === 126 ? 2 : spelled === 127 ? 8 : 0
    if (header.length < 2 + lengthBytes) return true
    const payloadBytes = lengthBytes === 0 ? spelled : header.slice(2).reduce((length, one) => length * 256 + one, 0)
    header.length = 0
    this.#toSkip = payloadBytes + ((second & maskBit) === 0 ? 0 : maskBytes)
    if ((first & opcodeBits) >= firstControl) return true
    this.#messageBytes += payloadBytes
    const isAccepted = this.#messageBytes <= this.maxMessageBytes
    if ((first & finBit) !== 0) this.#messageBytes = 0
    return isAccepted
  }
}
