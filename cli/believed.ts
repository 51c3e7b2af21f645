import { type AnyRecord, isFeedOf } from '../protocol/index.js'
import { parseTopic } from '../topics/index.js'

/** Answers, tokens and accounts: what only the server says, and to one device alone. */
const answers: ReadonlySet<AnyRecord['tag']> = new Set([
  ...(['io', 'errors', 'ok', 'ok2', 'error', 'error2', 'Token', 'init', 'vnode_max', 'Auth', 'Profile'] as const),
])

/**
 * Whether a device may act on what came under a topic. People write to each other on topics of their own, so who says it is not told by the
 * record: answers, tokens and accounts are believed on the `actions` topic of this device alone (a roster as well where the account's own devices
 * are told), a contact where the server or that person tells of it, pages of history as an answer, a message where its own feed is told or among
 * one's own devices.
 * @see docs/protocol/topics.md 10
 */
export function isBelieved(record: AnyRecord, topicName: string, clientId: string): boolean {
  const topic = parseTopic(topicName)
  if (topic.kind === 'actions') return topic.clientId === clientId
  if (record.tag === 'Roster') return topic.kind === 'ses'
  if (record.tag === 'Contact')
    return topic.kind === 'ses' || ((topic.kind === 'ac' || topic.kind === 'muc') && topic.phoneId === record.phone_id)
  if (record.tag === 'Message') return topic.kind === 'ses' || isFeedOf(topic, record.feed_id)
  if (record.tag === 'History' && record.status === 'get') return false
  return !answers.has(record.tag)
}
