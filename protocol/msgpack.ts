import { isUtf8 } from 'node:buffer'
import { Decoder, Encoder } from '@msgpack/msgpack'
import { limits } from './limits.js'

const decoder = new Decoder({ useBigInt64: true })
const encoder = new Encoder({ maxDepth: limits.depth * 4 })

export function writeMsgpack(plain: unknown): Uint8Array {
  return encoder.encode(plain)
}

/** The value in the bytes, or why there is none. */
export type Unpacked = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'fault'; readonly because: string }

/**
 * Reads one MessagePack value. The library allocates arrays by their claimed length and repairs bad UTF-8, so the bytes are walked
 * through first.
 */
export function readMsgpack(bytes: Buffer): Unpacked {
  const walk: Walk = { bytes, pos: 0, fault: null }
  walkValue(walk, limits.depth * 2)
  if (walk.fault === null && walk.pos !== bytes.length) walk.fault = 'goes on after its value'
  if (walk.fault !== null) return { kind: 'fault', because: walk.fault }
  try {
    return { kind: 'value', value: decoder.decode(bytes) }
  } catch {
    // the one thing left that the library objects to is a map key it will not set, `__proto__`
    return { kind: 'fault', because: 'has a map key that is not accepted' }
  }
}

interface Walk {
  readonly bytes: Buffer
  pos: number
  fault: string | null
}

/** Bytes of length that follow str 8 … 32, bin 8 … 32, array 16 and 32, map 16 and 32. */
const lengthBytes: Readonly<Record<number, number>> = {
  ...{ 0xd9: 1, 0xda: 2, 0xdb: 4, 0xc4: 1, 0xc5: 2, 0xc6: 4 },
  ...{ 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4 },
}
/** Bytes of a value that has always the same: nil, booleans, floats, integers. */
const fixedBytes: Readonly<Record<number, number>> = {
  ...{ 0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8 },
  ...{ 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8 },
}

const isFaulty = (walk: Walk): boolean => walk.fault !== null

function take(walk: Walk, count: number): number {
  const start = walk.pos
  if (count > walk.bytes.length - start) walk.fault ??= 'ends too early'
  else walk.pos += count
  return start
}

function walkValue(walk: Walk, depth: number): void {
  const at = take(walk, 1)
  if (walk.fault !== null) return
  const head = walk.bytes[at] as number
  if (head <= 0x7f || head >= 0xe0) return
  if (head <= 0x8f) walkMany(walk, (head & 0x0f) * 2, depth)
  else if (head <= 0x9f) walkMany(walk, head & 0x0f, depth)
  else if (head <= 0xbf) walkText(walk, head & 0x1f)
  else walkSized(walk, head, depth)
}

/** A value whose head says how many bytes, or bytes of length, follow. */
function walkSized(walk: Walk, head: number, depth: number): void {
  const fixed = fixedBytes[head]
  if (fixed !== undefined) {
    take(walk, fixed)
    return
  }
  const size = lengthBytes[head]
  if (size === undefined) {
    walk.fault = 'holds an extension or an unused byte'
    return
  }
  const lengthAt = take(walk, size)
  if (isFaulty(walk)) return
  const length = walk.bytes.readUIntBE(lengthAt, size)
  if (head >= 0xde) walkMany(walk, length * 2, depth)
  else if (head >= 0xdc) walkMany(walk, length, depth)
  else if (head >= 0xd9) walkText(walk, length)
  else take(walk, length)
}

function walkMany(walk: Walk, count: number, depth: number): void {
  if (depth === 0) walk.fault ??= 'is nested too deep'
  else if (count > walk.bytes.length - walk.pos) walk.fault ??= 'ends too early'
  for (let i = 0; i < count && walk.fault === null; i++) walkValue(walk, depth - 1)
}

function walkText(walk: Walk, length: number): void {
  const start = take(walk, length)
  if (walk.fault === null && !isUtf8(walk.bytes.subarray(start, walk.pos))) walk.fault = 'holds text that is not UTF-8'
}
