import { type Client, decideSubscribe } from '../../../acl/index.js'
import type { FactReader } from '../../facts.js'
import { readSubscribeFacts } from '../../handlers/subscribe.js'
import { filedTopic } from '../../names/rename-topic.js'
import { readPresentClient } from '../../present-client.js'
import type { KnownNames } from './known-names.js'

/** Whether a client may subscribe to a filter of the protocol's topics, as its rights stand now. */
export async function maySubscribe(known: Client, filter: string, reader: FactReader, names: KnownNames): Promise<boolean> {
  const client = await readPresentClient(known, reader)
  const topic = filedTopic(filter, await names.asOf(reader))
  return decideSubscribe(client, topic, await readSubscribeFacts(reader, client, topic), []).allowed
}
