import { createHash, timingSafeEqual } from 'node:crypto'
import type { StoredToken } from './documents/index.js'

type Random = (count: number) => Uint8Array

const tokenBytes = 32

/** A new login token: 256 random bits in hex. Told to its device once and never stored, see {@link storedToken}. */
export function newToken(random: Random): string {
  return Buffer.from(random(tokenBytes)).toString('hex')
}

/** What is stored of a token. */
export function storedToken(token: string, now: number): StoredToken {
  return { hash: hashToken(token), issued: now }
}

/** SHA-256 of a token, hex. A token is random enough to need no salt. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Whether `token` is the one of which `hash` was stored; takes the same time for every wrong one. */
export function isTokenOf(token: string, hash: string): boolean {
  const stored = Buffer.from(hash, 'hex')
  const given = createHash('sha256').update(token).digest()
  return stored.length === given.length && timingSafeEqual(stored, given)
}

/** A new code of six digits, each value as likely as any other. */
export function newCode(random: Random): string {
  // 2^48 is so much more than 10^6 that the remainder favours no code noticeably (by 1 in 10^8).
  return String(Buffer.from(random(6)).readUIntBE(0, 6) % 1_000_000).padStart(6, '0')
}

/** Whether `given` is the code sent; a burnt code (empty) matches nothing. Takes the same time for every wrong code. */
export function isCode(given: string | null, code: string): boolean {
  if (given === null || code === '') return false
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(code).digest())
}
