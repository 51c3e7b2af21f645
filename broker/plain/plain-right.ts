import { decideReceive, noFacts } from '../../acl/index.js'
import { parseTopic } from '../../topics/index.js'
import { aclClient, type Connection } from '../../delivery/index.js'
import type { Granting } from './plain-use.js'

/**
 * Whether a client may be given what was published to a topic of plain MQTT use, as things stand: a subscription or a queue may be older than the
 * number its account has now.
 */
export function mayReceivePlain(connection: Connection | undefined, topic: string, { grants }: Granting): boolean {
  const client = connection && aclClient(connection)
  return client === undefined || decideReceive(client, parseTopic(topic), noFacts, grants).allowed
}
