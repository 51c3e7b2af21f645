import { StoreOutage } from '../contract.js'

/** What Redis says of itself (`INFO`), by name. */
export type ServerInfo = ReadonlyMap<string, string>

/** Oldest version whose scripts and commands serve. */
const oldest = [6, 2] as const

export function parseInfo(text: string): ServerInfo {
  const lines = text.split('\r\n').filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

/**
 * Requires a Redis that can keep the promises of the store. What it does not tell is taken to be in order.
 * @throws StoreOutage with what to do.
 */
export function requireServer(info: ServerInfo): void {
  const because = cannotServe(info)
  if (because !== undefined) throw new StoreOutage(because)
}

/** Why this server cannot keep the promises of the store, and what to do; undefined if it can. */
export function cannotServe(info: ServerInfo): string | undefined {
  if (info.get('loading') === '1') return `Redis is loading its data: ready in about ${info.get('loading_eta_seconds') ?? '?'} s`
  if (info.get('role') === 'slave') return 'this Redis is a replica: name its primary'
  if (isTooOld(info.get('redis_version'))) return `Redis ${info.get('redis_version') ?? ''} is too old: use 6.2 or newer`
  if (info.get('cluster_enabled') === '1') {
    return 'this Redis is a node of a Redis Cluster: a commit touches keys that a cluster keeps on several nodes; use one Redis, with replicas if you like'
  }
  if (isEvicting(info)) {
    return `Redis would throw data away when its memory is full (maxmemory-policy ${info.get('maxmemory_policy') ?? ''}): set maxmemory-policy noeviction`
  }
  return undefined
}

function isTooOld(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return version !== undefined && (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
}

function isEvicting(info: ServerInfo): boolean {
  return Number(info.get('maxmemory') ?? 0) > 0 && (info.get('maxmemory_policy') ?? 'noeviction') !== 'noeviction'
}
