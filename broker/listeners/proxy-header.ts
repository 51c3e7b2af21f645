import { isIPv4, isIPv6 } from 'node:net'

/** What the first bytes of a connection say of who is behind the proxy. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly because: string }
  /** `address` is undefined where the proxy speaks for itself (a health check), or does not know. `length` is that of the header, in bytes. */
  | { readonly kind: 'complete'; readonly address: string | undefined; readonly length: number }

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const v2FixedBytes = 16
/** Far beyond what proxies send: addresses, and a few tags of a certificate. */
const maxV2Bytes = 2_048
/** The longest line of version 1, its end included. */
const maxV1Bytes = 107
const v1Start = 'PROXY '

/**
 * Reads the header a proxy sends ahead of what its client sends. Total: any bytes give a header, a refusal, or the wish for more.
 * @param bytes all that has come on the connection so far
 * @refuses what is no header of version 1 or 2, or one that is longer than any proxy's
 * @see The PROXY protocol, versions 1 & 2, sections 2.1 and 2.2
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const begun = Math.min(bytes.length, signature.length)
  if (bytes.subarray(0, begun).equals(signature.subarray(0, begun))) return readV2(bytes)
  const start = bytes.toString('latin1', 0, v1Start.length)
  return v1Start.startsWith(start) ? readV1(bytes) : { kind: 'malformed', because: 'no PROXY header' }
}

function readV1(bytes: Buffer): ProxyHeader {
  const text = bytes.toString('latin1', 0, maxV1Bytes)
  const end = text.indexOf('\r\n')
  if (end === -1) return text.length < maxV1Bytes ? { kind: 'incomplete' } : { kind: 'malformed', because: 'the line has no end' }
  const length = end + 2
  const words = text.slice(0, end).split(' ')
  const [, family, from = '', to = '', ...ports] = words
  if (family === 'UNKNOWN') return { kind: 'complete', address: undefined, length }
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined
  const isRight = isAddress?.(from) === true && isAddress(to) && ports.length === 2 && ports.every(isPort)
  return isRight ? { kind: 'complete', address: from, length } : { kind: 'malformed', because: 'no PROXY line' }
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function readV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < v2FixedBytes) return { kind: 'incomplete' }
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0x0f]
  const length = v2FixedBytes + bytes.readUInt16BE(14)
  if (version !== 2 || command > 1) return { kind: 'malformed', because: 'unknown version or command' }
  if (length > maxV2Bytes) return { kind: 'malformed', because: 'the header is too long' }
  if (bytes.length < length) return { kind: 'incomplete' }
  if (command === 0) return { kind: 'complete', address: undefined, length }
  return readV2Address(bytes.readUInt8(13) >> 4, bytes.subarray(v2FixedBytes, length), length)
}

/** Address families of version 2, and the bytes their two addresses and ports take. */
const families = { unspecified: 0, inet: 1, inet6: 2, unix: 3 } as const
const inetBytes = 12
const inet6Bytes = 36

function readV2Address(family: number, addresses: Buffer, length: number): ProxyHeader {
  switch (family) {
    case families.unspecified:
    case families.unix:
      return { kind: 'complete', address: undefined, length }
    case families.inet:
      if (addresses.length < inetBytes) break
      return { kind: 'complete', address: addresses.subarray(0, 4).join('.'), length }
    case families.inet6:
      if (addresses.length < inet6Bytes) break
      return { kind: 'complete', address: textOfIpv6(addresses.subarray(0, 16)), length }
    default:
      return { kind: 'malformed', because: 'unknown address family' }
  }
  return { kind: 'malformed', because: 'the addresses are cut' }
}

/** Groups without leading zeros, the first longest run of zero groups left out. */
function textOfIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
