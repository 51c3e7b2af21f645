/** The same bytes as a Buffer, which knows how to read numbers and text: a view, not a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * An integer that is written as a double. Where 31 bits hold it, it is made what V8 calls a small integer: the same field holding now one, now a
 * double makes V8 compile the code that meets it over and over (measured in docs/decisions/0161).
 */
export function integerAt(bytes: Buffer, at: number): number {
  const value = bytes.readDoubleBE(at)
  const small = value | 0
  return value === small ? small : value
}
