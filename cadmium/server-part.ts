import { isIPv4, isIPv6 } from 'node:net'

const maxDnsCharacters = 253
const maxPort = 65_535
const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/**
 * A server as EntityIDs name it: host with or without a port, or the id of a server.
 * @returns it in lower case, or undefined if it is none
 * @see docs/protocol/core.md 3.1
 */
export function parseServerPart(text: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  const lower = asciiLowerCase(text)
  if (lower === undefined) return undefined
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(lower) ?? []
  if (port !== undefined && !isPort(port)) return undefined
  return isHost(host) ? lower : undefined
}

/** Whether a text, in lower case, is the name of a host: labels whose last is no number. @see docs/protocol/core.md 3.1, dns */
export function isDnsName(text: string): boolean {
  if (text.length > maxDnsCharacters) return false
  const labels = text.split('.')
  return labels.every((one) => label.test(one)) && !/^\d+$/.test(labels.at(-1) ?? '')
}

function isHost(host: string): boolean {
  // A zone of IPv6 means nothing to others.
  if (host.startsWith('[')) return !host.includes('%') && isIPv6(host.slice(1, -1))
  return isIPv4(host) || isDnsName(host)
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= maxPort
}

/** Of ASCII only: other alphabets have letters whose lower case is ASCII. */
export function asciiLowerCase(text: string): string | undefined {
  return /^[\x21-\x7e]*$/.test(text) ? text.toLowerCase() : undefined
}
