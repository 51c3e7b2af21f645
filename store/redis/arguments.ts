import { unitAt } from '../../topics/index.js'
import type { Bytes } from '../contract.js'
import { digestLength, digestOf } from './digest.js'

/** One argument of a command: text goes out as UTF-8. */
export type Argument = string | Buffer

/** Arguments as they travel: each a bulk string [Redis serialization protocol]. */
export interface WrittenArguments {
  readonly count: number
  readonly bytes: Buffer
}

const initialBytes = 64 * 1024
/** A buffer that one large commit has made larger than this is not kept. */
const keptBytes = 4 * 1024 * 1024
/** Texts up to so many characters are written faster one character after the other. */
const shortText = 64
/** `$`, at most ten digits and two line ends. */
const frameBytes = 15

/** Writes arguments, one after the other, into one buffer. */
export class ArgumentWriter {
  #buffer = Buffer.allocUnsafeSlow(initialBytes)
  #length = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  text(text: string): void {
    if (text.length <= shortText && this.#shortAscii(text)) return
    const size = Buffer.byteLength(text)
    this.#begin(size)
    this.#buffer.write(text, this.#length, size)
    this.#end(size)
  }

  bytes(bytes: Bytes): void {
    this.#begin(bytes.byteLength)
    this.#buffer.set(bytes, this.#length)
    this.#end(bytes.byteLength)
  }

  number(value: number): void {
    this.text(String(value))
  }

  digest(bytes: Bytes): void {
    this.#begin(digestLength)
    this.#buffer.write(digestOf(bytes), this.#length, digestLength, 'latin1')
    this.#end(digestLength)
  }

  /** A document as it is stored: its digest before it. */
  document(bytes: Bytes): void {
    const size = digestLength + bytes.byteLength
    this.#begin(size)
    this.#buffer.write(digestOf(bytes), this.#length, digestLength, 'latin1')
    this.#buffer.set(bytes, this.#length + digestLength)
    this.#end(size)
  }

  add(argument: Argument): void {
    if (typeof argument === 'string') this.text(argument)
    else this.bytes(argument)
  }

  /** What has been written, as a buffer of its own; the writer starts anew. */
  take(): WrittenArguments {
    const written = { count: this.#count, bytes: Buffer.from(this.#buffer.subarray(0, this.#length)) }
    this.reset()
    return written
  }

  reset(): void {
    this.#length = this.#count = 0
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** @returns false, and nothing is written, if there is more than ASCII in it */
  #shortAscii(text: string): boolean {
    const [length, count] = [this.#length, this.#count]
    this.#begin(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = unitAt(text, i)
      if (code > 0x7f) {
        this.#length = length
        this.#count = count
        return false
      }
      this.#buffer[this.#length + i] = code
    }
    this.#end(text.length)
    return true
  }

  #begin(size: number): void {
    const needed = this.#length + size + frameBytes
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, this.#length)
      this.#buffer = grown
    }
    this.#count++
    this.#buffer[this.#length++] = 0x24
    this.#digits(size)
    this.#lineEnd()
  }

  #end(size: number): void {
    this.#length += size
    this.#lineEnd()
  }

  #digits(value: number): void {
    if (value >= 10) this.#digits(Math.floor(value / 10))
    this.#buffer[this.#length++] = 0x30 + (value % 10)
  }

  #lineEnd(): void {
    this.#buffer[this.#length++] = 0x0d
    this.#buffer[this.#length++] = 0x0a
  }
}

/** A whole command: these arguments, the name being the first, then those already written. */
export function commandOf(first: readonly Argument[], rest: readonly WrittenArguments[]): Buffer {
  const writer = new ArgumentWriter()
  for (const argument of first) writer.add(argument)
  const head = writer.take()
  const count = rest.reduce((sum, written) => sum + written.count, head.count)
  return Buffer.concat([Buffer.from(`*${count}\r\n`), head.bytes, ...rest.map(({ bytes }) => bytes)])
}
