import type { Client as AedesClient, Subscription } from 'aedes'
import { decideSubscribe, noFacts } from '../acl/index.js'
import { parseTopic } from '../topics/index.js'
import { aclClient, type BrokerState } from './broker-state.js'
import type { Connection } from './connection.js'

type Granted = (error: Error | null, subscription?: Subscription | null) => void

/** SUBSCRIBEs to chat topics whose decision is under way, by number. */
export interface Subscribing {
  readonly waiting: Map<number, (isAllowed: boolean) => void>
  last: number
}

/**
 * SUBSCRIBE of one filter. To exactly a chat topic it belongs to, a device is granted it and nothing changes: the topic is an audience, and
 * what is sent to it arrives anyway. Plain filters need a grant. All else is refused with 0x80. @see docs/protocol/topics.md 11
 */
export function acceptSubscribe(
  state: BrokerState,
  subscribing: Subscribing,
  client: AedesClient,
  subscription: Subscription,
  granted: Granted,
): void {
  const connection = state.connections.byAedes.get(client)
  const who = connection === undefined ? undefined : aclClient(connection)
  if (connection === undefined || who === undefined) {
    granted(null, null)
    return
  }
  // Aedes restores the session's own subscription while it connects: `actions` is served by the pump.
  if (!client.connected && connection.plainFilters?.has(subscription.topic) !== true && parseTopic(subscription.topic).kind !== 'other') {
    granted(null, null)
    return
  }
  if (parseTopic(subscription.topic).kind === 'other') {
    const verdict = decideSubscribe(who, subscription.topic, noFacts, state.options.grants)
    if (verdict.allowed) grantPlain(connection, subscription.topic)
    else state.world.counts.denied('subscribe')
    granted(null, verdict.allowed ? subscription : null)
    return
  }
  const request = ++subscribing.last
  subscribing.waiting.set(request, (isAllowed) => {
    if (!isAllowed) state.world.counts.denied('subscribe')
    granted(null, isAllowed ? subscription : null)
  })
  connection.socket.once('close', () => subscribing.waiting.delete(request))
  state.world.ring().control(connection.node, { kind: 'subscribe', connection: connection.number, request, filter: subscription.topic })
}

function grantPlain(connection: Connection, filter: string): void {
  connection.plainFilters ??= new Set()
  connection.plainFilters.add(filter)
}
