import { type Client, factsNeeded, type TopicFacts } from '../../acl/index.js'
import { parseTopic } from '../../topics/index.js'
import type { FactReader } from '../facts.js'
import { readTopicFacts } from '../topic-facts.js'

/** Reads what `decideSubscribe` needs to know of the filter of one SUBSCRIBE. @see docs/protocol/topics.md 11 */
export function readSubscribeFacts(facts: FactReader, client: Client, filter: string): Promise<TopicFacts> {
  return readTopicFacts(facts, factsNeeded(client, parseTopic(filter), 'receive'))
}
