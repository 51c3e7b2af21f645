/**
 * Digests of documents. Each document is stored with its digest before it, so that a check compares sixteen bytes where it stands for a
 * document of any length. A document of at most 15 bytes is its own digest: its length, its bytes, zeros. Of a longer one it is the first 96
 * bits of SHA-1 as sixteen digits of base64. Not for secrecy: whoever could make two documents with one digest has only told the store that
 * they are the same.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Bytes } from '../contract.js'

export const digestLength = 16

/** The digest of `bytes`, a character for each of its own. */
export function digestOf(bytes: Bytes): string {
  return read.get(bytes) ?? computed(bytes)
}

function computed(bytes: Bytes): string {
  const length = bytes.byteLength
  if (length >= digestLength) return hash('sha1', bytes, 'base64').slice(0, digestLength)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1')
  return (String.fromCharCode(length) + text).padEnd(digestLength, '\0')
}

/** These bytes were read together with their digest, and nobody writes to them: it need not be computed. */
export function rememberDigest(bytes: Bytes, digest: string): void {
  read.set(bytes, digest)
}

const read = new WeakMap<Bytes, string>()

/** The same digest of a text of at most 15 bytes, in Lua, for what only a script can know: an id of a message has no more digits. */
export const digestInLua = `
local function digestOf(text)
  return string.char(#text) .. text .. string.rep('\\0', ${digestLength - 1} - #text)
end
`

/** A name for a handle: 96 random bits. */
export function randomName(): string {
  return randomBytes(12).toString('base64url')
}
