import { codecOf, type AnyRecord } from '../../protocol/index.js'

/** Whom a record speaks of, if it names somebody. @see docs/protocol/topics.md 10 */
export function subjectOf(record: AnyRecord): string | null {
  switch (record.tag) {
    case 'Contact':
    case 'Member':
      return record.phone_id
    case 'Message':
      return record.from
    default:
      return null
  }
}

const names = ['Contact', 'Member', 'Message', 'Typing'] as const
const inJson = new RegExp(`"tag"\\s*:\\s*"(?:${names.join('|')})"`)
/** `tag` and a name as MessagePack texts of less than 32 bytes. */
const inMessagePack = names.map((name) => Buffer.from(`\u00a3tag${String.fromCharCode(0xa0 + name.length)}${name}`, 'latin1'))

/**
 * Whether bytes that are no valid record pass themselves off as one that names its author or subject. A lenient receiver might believe it,
 * and nobody can check it, so it is not relayed.
 */
export function claimsSubject(payload: Uint8Array): boolean {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  switch (codecOf(payload)) {
    case 'bert':
      return names.some((name) => name === firstName(bytes))
    case 'json':
      return inJson.test(bytes.toString('utf8'))
    case 'msgpack':
      return inMessagePack.some((pair) => bytes.includes(pair))
  }
}

const smallTuple = 104
const largeTuple = 105
const binary = 109
/** Tags of atoms whose length takes one byte, or two. */
const shortAtoms: readonly (number | undefined)[] = [115, 119]
const longAtoms: readonly (number | undefined)[] = [100, 118]

/** The name a tuple of the external term format begins with, an atom or a binary; empty if it begins otherwise. */
function firstName(bytes: Buffer): string {
  const at = bytes[1] === smallTuple ? 3 : bytes[1] === largeTuple ? 6 : bytes.length
  if (bytes[at] === binary && at + 5 <= bytes.length) return bytes.toString('latin1', at + 5, at + 5 + bytes.readUInt32BE(at + 1))
  const isShort = shortAtoms.includes(bytes[at])
  if (!isShort && !longAtoms.includes(bytes[at])) return ''
  const length = isShort ? (bytes[at + 1] ?? 0) : (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0)
  const start = at + (isShort ? 2 : 3)
  return bytes.toString('latin1', start, start + length)
}
