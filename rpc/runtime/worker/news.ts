import type { AnyRecord } from '../../../protocol/index.js'
import type { Loss } from '../../../store/contract.js'
import type { AppendMessage, Payload, Send } from '../../outcome.js'
import { feedOfKey } from '../../views/message-view.js'

/** What tells one thing that news speaks of from another. The rest of the record is what is new of it. */
const identities: Partial<Record<AnyRecord['tag'], readonly string[]>> = {
  History: ['roster_id', 'feed'],
  Contact: ['phone_id'],
  Room: ['id'],
  Member: ['id', 'feed_id', 'phone_id'],
  Roster: ['id'],
  Profile: ['phone'],
  Tag: ['roster_id', 'name'],
  Star: ['id', 'client_id', 'roster_id'],
}

/**
 * Whether a send is news, and what it is news of, as a store keeps it: a receipt, a changed contact or room, which a device finds as it is now
 * when it logs in. Later news replaces it if it tells the same things of the same: a record that holds a list may tell a part of it, and is
 * replaced by none. System messages are news that nothing replaces. What somebody is to be notified of, and what a peer publishes by himself, is
 * a message. Of what strangers do (they ask, and take it back) there is one piece of news, whoever they are.
 */
export function newsOf(
  { payload, topic, notice, isFromStranger }: Send & { to: 'phones' },
  appended: readonly AppendMessage[],
): string | undefined {
  if (isFromStranger === true) return JSON.stringify([topic, 'strangers'])
  if (notice !== undefined || payload.kind === 'opaque') return undefined
  if (payload.kind === 'message') return appended[payload.append]?.isCountable === false ? '' : undefined
  if (payload.kind === 'record' && payload.original !== undefined) return undefined
  const identity = identities[payload.record.tag]
  if (identity === undefined) return undefined
  const fields = Object.entries(payload.record).filter(([name, value]) => name !== 'tag' && isGiven(value))
  if (fields.some(([, value]) => Array.isArray(value))) return ''
  const status = 'status' in payload.record ? payload.record.status : null
  const told = fields.map(([name, value]): unknown => (identity.includes(name) ? value : name))
  return JSON.stringify([topic, payload.record.tag, status, payload.kind, ...told])
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0)
}

/** What a device has missed that never gets this: something of a feed, or of no feed in particular. */
export function lossOf(payload: Payload, appended: readonly AppendMessage[], since: number): Loss {
  if (payload.kind === 'message') return { of: appended[payload.append]?.message.feed ?? '', since }
  const key =
    payload.kind === 'record' && payload.original === undefined && payload.record.tag === 'Message' ? payload.record.feed_id : null
  return { of: key === null ? '' : (feedOfKey(key)?.name ?? ''), since }
}
