/**
 * Digests of documents. Each document is stored with its digest before it, so that a check compares sixteen bytes where it stands for a
 * document of any length: the first 96 bits of SHA-1 as sixteen digits of base64. Not for secrecy: whoever could make two documents with one
 * digest has only told the store that they are the same.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Bytes } from '../contract.js'

export const digestLength = 16

/** The digest of `bytes`. */
export function digestOf(bytes: Bytes): string {
  return read.get(bytes) ?? hash('sha1', bytes, 'base64').slice(0, digestLength)
}

/** These bytes were read together with their digest, and nobody writes to them: it need not be computed. */
export function rememberDigest(bytes: Bytes, digest: string): void {
  read.set(bytes, digest)
}

const read = new WeakMap<Bytes, string>()

/** The same digest of a text, in Lua, for what only a script can know. */
export const digestInLua = `
  local function digestOf(text)
    local digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    local function pairOf(hex)
      local bits = tonumber(hex, 16)
      local first, second = math.floor(bits / 64) + 1, bits % 64 + 1
      return string.sub(digits, first, first) .. string.sub(digits, second, second)
    end
    return (string.gsub(string.sub(redis.sha1hex(text), 1, 24), '%x%x%x', pairOf))
  end
`

/** A name for a handle: 96 random bits. */
export function randomName(): string {
  return randomBytes(12).toString('base64url')
}
