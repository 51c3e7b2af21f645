import type { AedesPublishPacket, Client as AedesClient, PublishPacket } from 'aedes'
import { decidePublish, noFacts } from '../acl/index.js'
import { codecOf } from '../protocol/index.js'
import { encodingOf, variantOf } from '../rpc/index.js'
import { isEventsTopic, parseTopic } from '../topics/index.js'
import { aclClient, type BrokerState } from './broker-state.js'
import type { Connection } from './delivery/connection.js'
import type { PlainBroker, Publish } from './plain/plain-cluster.js'

type Done = (error?: Error | null) => void

/**
 * A PUBLISH, before Aedes acknowledges it: what the protocol knows goes to the ring and is acknowledged when the ring is done with it, which
 * is after its commit; granted topics of plain MQTT use go on to Aedes; everything else is acknowledged and does nothing.
 * @see docs/protocol/topics.md 10
 */
export function acceptPublish(state: BrokerState, client: AedesClient, packet: PublishPacket, done: Done): void {
  const connection = state.connections.byAedes.get(client)
  if (connection === undefined) done()
  else if (!connection.isClosing && !state.isDeaf) {
    act(state, connection, packet, (error) => {
      connection.gate.publishEnded()
      done(error)
    })
  }
}

function act(state: BrokerState, connection: Connection, packet: PublishPacket, done: Done): void {
  packet.retain = false
  if (packet.qos === 2 && connection.awaitingPubrel?.has(packet.messageId ?? 0) === true) {
    // Until PUBREL the packet id names the publish that was committed, DUP or not: Aedes repeats PUBREC. [MQTT-4.3.3-2] of MQTT 3.1.1
    done()
    return
  }
  if (isEventsTopic(packet.topic)) {
    state.world.counts.publish('events')
    submit(state, connection, packet, done)
    return
  }
  const topic = parseTopic(packet.topic)
  state.world.counts.publish(topic.kind)
  if (topic.kind !== 'other') {
    const isTooLarge = packet.payload.length > state.options.maxPayloadBytes
    if (isTooLarge || topic.kind === 'version') {
      state.world.counts.denied(isTooLarge ? 'payload too large' : 'a version topic is for wills')
      done()
    } else submit(state, connection, packet, done)
    return
  }
  acceptPlain(state, connection, packet, done)
}

function acceptPlain(state: BrokerState, connection: Connection, packet: PublishPacket, done: Done): void {
  const client = aclClient(connection)
  const verdict = client === undefined ? undefined : decidePublish(client, parseTopic(packet.topic), noFacts, state.options.grants)
  if (verdict?.allowed !== true) {
    state.world.counts.denied('no grant')
    done()
  } else if (state.plainBroker === undefined || (packet.qos === 0 && !isWill(connection.aedes, packet))) {
    state.plain.add(packet)
    done()
  } else publishInCluster(state, state.plainBroker, connection, packet, done)
}

function isWill(client: AedesClient, packet: PublishPacket): boolean {
  return (client as unknown as { readonly will: PublishPacket | null }).will === packet
}

/** What is published before it is acknowledged: Aedes finds it done, and acknowledges. */
function publishInCluster(state: BrokerState, plainBroker: PlainBroker, connection: Connection, packet: PublishPacket, done: Done): void {
  const client = connection.aedes
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
  state.requests.hold(connection, publishing)
}

const nothing = Buffer.alloc(0)

function submit(state: BrokerState, connection: Connection, packet: PublishPacket, done: Done): void {
  const bytes = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
  // A request over the limit is refused by the worker like any other malformed one; it need not travel for that.
  const payload = bytes.length > state.options.maxPayloadBytes ? nothing : bytes
  // What is said on a chat topic is relayed as it is, and tells nothing of how its device wants to be answered.
  if (isEventsTopic(packet.topic)) followCodec(state, connection, payload)
  state.requests.submit({
    connection,
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

/** A device is answered in the codec of its latest request. */
function followCodec(state: BrokerState, connection: Connection, payload: Uint8Array): void {
  if (payload.length < 2) return
  const { dialect, codec } = encodingOf(connection.variant)
  const spoken = codecOf(payload)
  if (spoken === codec) return
  const variant = variantOf({ codec: spoken, dialect })
  if (connection.accepted?.client === 'device') {
    Atomics.sub(state.world.variantsInUse, connection.variant, 1)
    Atomics.add(state.world.variantsInUse, variant, 1)
  }
  connection.variant = variant
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
