import type { Codec, Dialect, Encoding } from '../../../protocol/index.js'

/** Codec and dialect of a device as a small number: index into the counts of what connected devices speak. */
export const variantCount = 6

const codecs: readonly Codec[] = ['bert', 'msgpack', 'json']
const dialects: readonly Dialect[] = ['v1', 'v11']

const encodings: readonly Encoding[] = codecs.flatMap((codec) => dialects.map((dialect) => ({ codec, dialect })))

export function variantOf({ codec, dialect }: Encoding): number {
  return codecs.indexOf(codec) * 2 + dialects.indexOf(dialect)
}

/** @throws RangeError if there is no such variant */
export function encodingOf(variant: number): Encoding {
  const encoding = encodings[variant]
  if (encoding === undefined) throw new RangeError(`no variant ${String(variant)}`)
  return encoding
}

/** The variants that are in use, as a bit mask. @param inUse how many connected devices speak each */
export function maskOf(inUse: Int32Array): number {
  let mask = 0
  for (let variant = 0; variant < variantCount; variant++) if (Atomics.load(inUse, variant) > 0) mask |= 1 << variant
  return mask
}
