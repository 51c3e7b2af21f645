import type { Client as AedesClient } from 'aedes'
import memory from 'aedes-persistence'
import { actionsTopic, parseClientId } from '../topics/index.js'
import type { Connection, Connections } from './connection.js'

type Memory = ReturnType<typeof memory>
interface WithMessageId {
  readonly messageId?: number
  readonly cmd?: string
}
interface Named {
  readonly id: string
}

/** Publishes of plain MQTT use, which Aedes itself delivers; all others were handled before Aedes sees them. */
export type PlainPublishes = WeakSet<object>

/**
 * What Aedes is given as its persistence. Devices' deliveries live in inboxes, so the acknowledgements Aedes reads (PUBACK and PUBCOMP as
 * `outgoingClearMessageId`, PUBREC as `outgoingUpdate`) are handed to the pump of the connection; the one subscription of a device's session
 * is its `actions` topic, which makes session present right. Everything else (services, configured topic spaces) is Aedes' own in-memory
 * persistence.
 */
export function newPersistence(connections: Connections, plain: PlainPublishes): Memory {
  const inner = memory()
  const connectionOf = (client: Named): Connection | undefined =>
    connections.byAedes.get(client as AedesClient) ?? connections.byClient.get(client.id)

  return Object.assign(Object.create(inner) as Memory, {
    async setup(broker: unknown) {
      await (inner.setup as (broker: unknown) => Promise<void>)(broker)
    },

    async subscriptionsByClient(client: Named) {
      const stored = await inner.subscriptionsByClient(client as never)
      const connection = connections.byClient.get(client.id)
      if (connection?.accepted?.isSessionPresent !== true) return stored
      const clientId = parseClientId(client.id)
      if (clientId === undefined) return stored
      return [...stored, { topic: actionsTopic(connection.words.userName, clientId), qos: 2 }]
    },

    async addSubscriptions(client: Named, subscriptions: readonly { readonly topic: string }[]) {
      // Aedes hands over every subscription of the packet, the refused ones too.
      const granted = connectionOf(client)?.plainFilters
      const kept = subscriptions.filter(({ topic }) => granted?.has(topic) === true)
      if (kept.length > 0) await inner.addSubscriptions(client as never, kept as never)
    },

    async outgoingUpdate(client: Named, packet: WithMessageId) {
      if (packet.cmd === 'pubrel') {
        const received = connectionOf(client)?.pump.received(packet.messageId ?? 0)
        if (received !== undefined) return received
      }
      return inner.outgoingUpdate(client as never, packet as never)
    },

    async outgoingClearMessageId(client: Named, packet: WithMessageId) {
      if (connectionOf(client)?.pump.acknowledged(packet.messageId ?? 0) === true) return undefined
      return inner.outgoingClearMessageId(client as never, packet as never)
    },

    async incomingStorePacket(client: Named, packet: WithMessageId) {
      if (plain.has(packet)) return inner.incomingStorePacket(client as never, packet as never)
      connectionOf(client)?.awaitingPubrel.add(packet.messageId ?? 0)
      return undefined
    },

    async incomingGetPacket(client: Named, packet: WithMessageId) {
      if (connectionOf(client)?.awaitingPubrel.has(packet.messageId ?? 0) === true) return packet
      return inner.incomingGetPacket(client as never, packet as never)
    },

    async incomingDelPacket(client: Named, packet: WithMessageId) {
      if (connectionOf(client)?.awaitingPubrel.delete(packet.messageId ?? 0) === true) return undefined
      return inner.incomingDelPacket(client as never, packet as never)
    },
  })
}
