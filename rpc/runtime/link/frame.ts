/**
 * Packed binary frames between the main thread and a worker: what happens in one tick travels as one buffer. Both ends are ours and run the
 * same code, so a frame is trusted; numbers are big-endian, lengths are in bytes.
 */
import { bufferOf, integerAt } from '../../../protocol/index.js'

export interface FrameWriter {
  buffer: Buffer
  length: number
}

const initialBytes = 64 * 1024

export function newFrameWriter(): FrameWriter {
  return { buffer: Buffer.allocUnsafeSlow(initialBytes), length: 0 }
}

function reserve(frame: FrameWriter, bytes: number): number {
  const at = frame.length
  const needed = at + bytes
  if (needed > frame.buffer.length) {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, frame.buffer.length * 2))
    frame.buffer.copy(grown, 0, 0, at)
    frame.buffer = grown
  }
  frame.length = needed
  return at
}

export function writeU8(frame: FrameWriter, value: number): void {
  const at = reserve(frame, 1)
  frame.buffer[at] = value
}

export function writeU16(frame: FrameWriter, value: number): void {
  const at = reserve(frame, 2)
  frame.buffer.writeUInt16BE(value, at)
}

export function writeU32(frame: FrameWriter, value: number): void {
  const at = reserve(frame, 4)
  frame.buffer.writeUInt32BE(value, at)
}

/** Writes an integer up to 2^53. */
export function writeNumber(frame: FrameWriter, value: number): void {
  const at = reserve(frame, 8)
  frame.buffer.writeDoubleBE(value, at)
}

/** Writes text of at most 65,535 bytes. */
export function writeText(frame: FrameWriter, text: string): void {
  const at = reserve(frame, 2 + text.length * 3)
  const bytes = frame.buffer.write(text, at + 2, 'utf8')
  frame.buffer.writeUInt16BE(bytes, at)
  frame.length = at + 2 + bytes
}

export function writeBytes(frame: FrameWriter, bytes: Uint8Array): void {
  const at = reserve(frame, 4 + bytes.length)
  frame.buffer.writeUInt32BE(bytes.length, at)
  frame.buffer.set(bytes, at + 4)
}

/** The finished frame as a buffer of its own, ready to be transferred; the writer starts anew. */
export function takeFrame(frame: FrameWriter): Uint8Array<ArrayBuffer> {
  const taken = new Uint8Array(frame.length)
  taken.set(frame.buffer.subarray(0, frame.length))
  frame.length = 0
  if (frame.buffer.length > 4 * 1024 * 1024) frame.buffer = Buffer.allocUnsafeSlow(initialBytes)
  return taken
}

export interface FrameReader {
  readonly buffer: Buffer
  at: number
}

export function readFrame(bytes: Uint8Array): FrameReader {
  return { buffer: bufferOf(bytes), at: 0 }
}

export function hasMore(frame: FrameReader): boolean {
  return frame.at < frame.buffer.length
}

export function readU8(frame: FrameReader): number {
  return frame.buffer.readUInt8(frame.at++)
}

export function readU16(frame: FrameReader): number {
  const value = frame.buffer.readUInt16BE(frame.at)
  frame.at += 2
  return value
}

export function readU32(frame: FrameReader): number {
  const value = frame.buffer.readUInt32BE(frame.at)
  frame.at += 4
  return value
}

/** Reads what {@link writeNumber} wrote. */
export function readNumber(frame: FrameReader): number {
  const value = integerAt(frame.buffer, frame.at)
  frame.at += 8
  return value
}

export function readText(frame: FrameReader): string {
  const length = readU16(frame)
  const text = frame.buffer.toString('utf8', frame.at, frame.at + length)
  frame.at += length
  return text
}

/** A view into the frame, not a copy. */
export function readBytes(frame: FrameReader): Buffer {
  const length = readU32(frame)
  const bytes = frame.buffer.subarray(frame.at, frame.at + length)
  frame.at += length
  return bytes
}
