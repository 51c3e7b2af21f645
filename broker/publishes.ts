import type { AedesPublishPacket, Client as AedesClient, PublishPacket } from 'aedes'
import { decidePublish, noFacts } from '../acl/index.js'
import { aclClient } from '../delivery/index.js'
import { isEventsTopic, parseTopic } from '../topics/index.js'
import type { BrokerState } from './broker-state.js'
import type { MqttLink } from './mqtt-link.js'
import type { PlainBroker, Publish } from './plain/plain-cluster.js'

type Done = (error?: Error | null) => void

/**
 * A PUBLISH, before Aedes acknowledges it: what the protocol knows goes to the ring and is acknowledged when the ring is done with it, which
 * is after its commit; granted topics of plain MQTT use go on to Aedes; everything else is acknowledged and does nothing.
 * @see docs/protocol/topics.md 10
 */
export function acceptPublish(state: BrokerState, client: AedesClient, packet: PublishPacket, done: Done): void {
  const link = state.links.byAedes.get(client)
  if (link === undefined) done()
  else if (state.world.delivery.isServed(link.connection)) {
    act(state, link, packet, (error) => {
      link.gate.publishEnded()
      done(error)
    })
  }
}

function act(state: BrokerState, link: MqttLink, packet: PublishPacket, done: Done): void {
  packet.retain = false
  if (packet.qos === 2 && link.awaitingPubrel?.has(packet.messageId ?? 0) === true) {
    // Until PUBREL the packet id names the publish that was committed, DUP or not: Aedes repeats PUBREC. [MQTT-4.3.3-2] of MQTT 3.1.1
    done()
    return
  }
  if (isEventsTopic(packet.topic)) {
    state.world.counts.publish('events')
    submit(state, link, packet, done)
    return
  }
  const topic = parseTopic(packet.topic)
  state.world.counts.publish(topic.kind)
  if (topic.kind !== 'other') {
    const isTooLarge = packet.payload.length > state.options.maxPayloadBytes
    if (isTooLarge || topic.kind === 'version') {
      state.world.counts.denied(isTooLarge ? 'payload too large' : 'a version topic is for wills')
      done()
    } else submit(state, link, packet, done)
    return
  }
  acceptPlain(state, link, packet, done)
}

function acceptPlain(state: BrokerState, link: MqttLink, packet: PublishPacket, done: Done): void {
  const client = aclClient(link.connection)
  const verdict = client === undefined ? undefined : decidePublish(client, parseTopic(packet.topic), noFacts, state.options.grants)
  if (verdict?.allowed !== true) {
    state.world.counts.denied('no grant')
    done()
  } else if (state.plainBroker === undefined || (packet.qos === 0 && !isWill(link.aedes, packet))) {
    state.plain.add(packet)
    done()
  } else publishInCluster(state, state.plainBroker, link, packet, done)
}

function isWill(client: AedesClient, packet: PublishPacket): boolean {
  return (client as unknown as { readonly will: PublishPacket | null }).will === packet
}

/** What is published before it is acknowledged: Aedes finds it done, and acknowledges. */
function publishInCluster(state: BrokerState, plainBroker: PlainBroker, link: MqttLink, packet: PublishPacket, done: Done): void {
  const { aedes: client, connection } = link
  if (isWill(client, packet)) {
    // Aedes has nothing left to do with it.
    void plainBroker.publishWill(connection, client, packet).then(() => {
      done(new Error('the will has been dealt with'))
    })
    return
  }
  const publishing = plainBroker.publish(client, packet).then((isPublished) => {
    state.plain.add(packet)
    state.published.add(packet)
    done(isPublished ? null : new Error('the other processes cannot be reached'))
  })
  state.world.delivery.hold(connection, publishing)
}

const nothing = Buffer.alloc(0)

function submit(state: BrokerState, link: MqttLink, packet: PublishPacket, done: Done): void {
  const bytes = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
  // A request over the limit is refused by the worker like any other malformed one; it need not travel for that.
  const payload = bytes.length > state.options.maxPayloadBytes ? nothing : bytes
  // What is said on a chat topic is relayed as it is, and tells nothing of how its device wants to be answered.
  if (isEventsTopic(packet.topic)) state.world.delivery.followCodec(link.connection, payload)
  state.world.delivery.submit({
    connection: link.connection,
    packetId: packet.messageId ?? 0,
    qos: packet.qos,
    isRepeated: packet.dup,
    topic: packet.topic,
    payload,
    // MQTT 3.1.1 has one acknowledgement, whatever has become of it.
    done: () => {
      done()
    },
  })
}

/** Aedes' own publishing, for plain MQTT use only: all that the protocol knows was handled before, and `$SYS` has no readers. */
export function publishPlain(
  { plain, published }: Pick<BrokerState, 'plain' | 'published'>,
  publish: Publish,
): (packet: AedesPublishPacket, client: AedesClient | Done | null, done?: Done) => void {
  return (packet, client, done) => {
    const finish = typeof client === 'function' ? client : (done ?? (() => undefined))
    if (!plain.has(packet) || published.has(packet)) finish()
    else publish(packet, typeof client === 'function' ? null : client, finish)
  }
}
