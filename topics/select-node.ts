import { createHash } from 'node:crypto'

/**
 * The node, 1..nodeCount, that handles a request.
 * @param clientId the true client id of the connection, never the level of the topic
 * @param named the node the topic asks for; it is followed if it exists, and otherwise treated as empty
 * @returns the named node, or `(first byte of MD5(client id) rem nodeCount) + 1`, so that one device stays with one node
 * @throws RangeError unless `nodeCount` is a positive integer
 * @see docs/protocol/topics.md 3
 */
export function selectNode(clientId: string, nodeCount: number, named?: number): number {
  if (!Number.isInteger(nodeCount) || nodeCount < 1) throw new RangeError(`${nodeCount} is not a number of nodes`)
  if (named !== undefined && Number.isInteger(named) && named >= 1 && named <= nodeCount) return named
  const digest = createHash('md5').update(clientId, 'utf8').digest()
  return ((digest[0] ?? 0) % nodeCount) + 1
}
