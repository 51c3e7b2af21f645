import { isIPv4, isIPv6 } from 'node:net'

/** Stands for every address that is not known: those who have none share what one address has. */
export const unknownSite = 'unknown'
const groupsOfSubscriber = 4
const groupsOfSite = 3

/**
 * An address as a key level, one for all spellings of it. Of IPv6 the first 64 bits: a subscriber has all addresses that begin with them; an
 * IPv4 address written as an IPv6 one is the IPv4 address.
 * @param address as a socket or a proxy tells it, perhaps with a zone or a port
 */
export function addressLevel(address: string): string {
  const bare = withoutPort(address)
  if (isIPv4(bare)) return bare
  const [host = ''] = bare.split('%')
  return isIPv6(host) ? levelOfGroups(groupsOf(host)) : unknownSite
}

/**
 * Where a connection comes from, as a key level: as {@link addressLevel}, but of IPv6 the first 48 bits, because who has one address of these
 * mostly has all of them, and a phone gets a new /64 by connecting again.
 */
export function siteLevel(address: string): string {
  const level = addressLevel(address)
  return level.includes(':') ? level.split(':').slice(0, groupsOfSite).join(':') : level
}

/** `1.2.3.4:5678` and `[::1]:5678`, as proxies write them. */
function withoutPort(address: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?$/.exec(address) ?? []
  return bracketed ?? dotted ?? address
}

/** The eight groups, lower case and without leading zeros. */
function groupsOf(host: string): readonly string[] {
  const [front = '', back] = withoutDots(host).split('::')
  const [first, last] = [front, back ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]]
  const gap = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return [...first, ...gap, ...last].map((group) => Number.parseInt(group, 16).toString(16))
}

/** The last four bytes of an IPv6 address may be written as those of an IPv4 one. */
function withoutDots(host: string): string {
  const tail = host.slice(host.lastIndexOf(':') + 1)
  if (!isIPv4(tail)) return host
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
  return `${host.slice(0, -tail.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function levelOfGroups(groups: readonly string[]): string {
  const isMapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff'
  if (!isMapped) return groups.slice(0, groupsOfSubscriber).join(':')
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
