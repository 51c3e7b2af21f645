import { covers, isLevel, matches, parseFilter, type TopicFilter } from '../topics/index.js'
import type { Client } from './client.js'

/** Whom a grant is for: a kind of client, one service by name, or anyone connected. */
export type GrantSubject = Client['kind'] | `service:${string}` | 'any'

/**
 * Leave, by configuration, to use topics outside the protocol as in plain MQTT.
 * `filter` may hold `%c` (client id), `%p` (phone) and `%u` (user name); a grant whose placeholder has no value for a client, or a value
 * that could not stand in a topic level, does not apply to it.
 */
export interface Grant {
  readonly who: GrantSubject
  readonly allow: 'publish' | 'subscribe' | 'both'
  readonly filter: TopicFilter
}

/** Grants read from text, and what was wrong with it, one sentence a problem. */
export interface ParsedGrants {
  readonly grants: readonly Grant[]
  readonly problems: readonly string[]
}

const subjects: readonly string[] = ['device', 'registration', 'anonymous', 'service', 'any']
const actions: readonly string[] = ['publish', 'subscribe', 'both']
const protocolSpaces: readonly string[] = ['events', 'actions', 'ses', 'ac', 'muc', 'p2p', 'room', 'version']

/**
 * Reads grants, one per line or separated by `;`: `<who> <publish|subscribe|both> <filter>`, as in `service:news publish telemetry/#`.
 * Total: what cannot be read is left out and listed.
 */
export function parseGrants(text: string): ParsedGrants {
  const entries = text
    .split(/[\n;]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseGrant)
  return {
    grants: entries.filter((entry) => typeof entry !== 'string'),
    problems: entries.filter((entry) => typeof entry === 'string'),
  }
}

/** The first grant that lets a client publish to a topic name outside the protocol. */
export function publishGrant(grants: readonly Grant[], client: Client, name: string): Grant | undefined {
  return grants.find((grant) => grant.allow !== 'subscribe' && filterFor(grant, client, (filter) => matches(filter, name)))
}

/** The first grant that lets a client receive what is published to a topic name outside the protocol. */
export function receiveGrant(grants: readonly Grant[], client: Client, name: string): Grant | undefined {
  return grants.find((grant) => grant.allow !== 'publish' && filterFor(grant, client, (filter) => matches(filter, name)))
}

/** The first grant that lets a client subscribe to all that a filter matches. */
export function subscribeGrant(grants: readonly Grant[], client: Client, asked: TopicFilter): Grant | undefined {
  return grants.find((grant) => grant.allow !== 'publish' && filterFor(grant, client, (filter) => covers(filter, asked)))
}

/** Whether a first level leads to topics that no grant may open: those of the protocol, `$…`, and wildcards, which would match them. */
function isReserved(firstLevel: string): boolean {
  return protocolSpaces.includes(firstLevel) || firstLevel.startsWith('$') || firstLevel === '+' || firstLevel === '#'
}

function filterFor(grant: Grant, client: Client, test: (filter: TopicFilter) => boolean): boolean {
  if (!isFor(grant.who, client)) return false
  const filter = substitute(grant.filter, client)
  return filter !== undefined && test(filter)
}

function isFor(who: GrantSubject, client: Client): boolean {
  if (who === 'any' || who === client.kind) return true
  return client.kind === 'service' && who === `service:${client.name}`
}

/** The filter as it stands for one client; undefined if the grant does not apply to it. */
function substitute(filter: TopicFilter, client: Client): TopicFilter | undefined {
  const levels = filter.split('/').map((level) => substituteLevel(level, client))
  if (levels.includes(undefined) || isReserved(levels[0] ?? '')) return undefined
  return parseFilter(levels.join('/'))
}

function substituteLevel(level: string, client: Client): string | undefined {
  const placeholders = level.match(/%./gu) ?? []
  // A value such as `#` would turn one level into many: the grant is void for this client.
  if (!placeholders.every((placeholder) => isLevel(valueOf(placeholder, client)))) return undefined
  return level.replace(/%./gu, (placeholder) => valueOf(placeholder, client))
}

/** What a placeholder stands for; empty where the client has no such value. */
function valueOf(placeholder: string, client: Client): string {
  switch (placeholder) {
    case '%c':
      return client.clientId
    case '%p':
      return client.kind === 'device' ? client.phone : ''
    case '%u':
      return client.userName
    default:
      return ''
  }
}

function parseGrant(entry: string): Grant | string {
  const [, who = '', access = '', text = ''] = /^(\S+)\s+(\S+)\s+(.+)$/s.exec(entry) ?? []
  if (text === '') return `"${entry}" is not of the form: who publish|subscribe|both filter`
  if (!isSubject(who)) return `"${entry}": "${who}" is nobody a grant can be for`
  if (!isAccess(access)) return `"${entry}": "${access}" is none of publish, subscribe, both`
  const filter = parseFilter(text)
  if (filter === undefined) return `"${entry}": "${text}" is no topic filter`
  if (isReserved(filter.split('/')[0] ?? '')) return `"${entry}": "${text}" reaches topics that no grant may open`
  if (/%(?![cpu])/u.test(text)) return `"${entry}": the placeholders are %c, %p and %u`
  return { who, allow: access, filter }
}

function isSubject(who: string): who is GrantSubject {
  return subjects.includes(who) || (who.startsWith('service:') && isLevel(who.slice('service:'.length)))
}

function isAccess(access: string): access is Grant['allow'] {
  return actions.includes(access)
}
