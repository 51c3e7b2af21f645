import createMemory from 'aedes-persistence'
import { actionsTopic, parseClientId } from '../../topics/index.js'
import type { Connection } from '../../delivery/index.js'
import { linkOf, type Links } from '../links.js'
import type { MqttLink } from '../mqtt-link.js'
import { type Method, methodsOf } from './plain-persistence.js'
import { type Granting, mayUsePlainMqtt } from './plain-use.js'

interface WithMessageId {
  readonly messageId?: number
  readonly cmd?: string
}
interface Named {
  readonly id: string
}

/** The part of Aedes' persistence that is answered here; the rest is Aedes' own, by name. */
interface Persistence {
  readonly [name: string]: unknown
}

/** Publishes of plain MQTT use, which Aedes itself delivers; all others were handled before Aedes sees them. */
export type PlainPublishes = WeakSet<object>

/**
 * What Aedes is given as its persistence. Devices' deliveries live in inboxes, so the acknowledgements Aedes reads (PUBACK and PUBCOMP as
 * `outgoingClearMessageId`, PUBREC as `outgoingUpdate`) are handed to the pump of the connection; the one subscription of a device's session
 * is its `actions` topic, which makes session present right. Everything else (services, configured topic spaces) is that of plain MQTT use.
 * @param inner keeps what is of plain MQTT use: Aedes' own in-memory persistence unless another is given
 */
export function newPersistence(options: Granting, links: Links, plain: PlainPublishes, inner?: Record<string, Method>): Persistence {
  const kept = inner ?? methodsOf((createMemory as unknown as () => object)())
  const ask: Ask = async (name, ...args) => kept[name]?.(...(args as never[]))
  const linkFor = (client: Named): MqttLink | undefined => linkOf(links, client)

  return {
    ...kept,

    // Aedes insists on a function declared async.
    async setup(broker: unknown) {
      await ask('setup', broker)
    },

    async subscriptionsByClient(client: Named) {
      const connection = links.connections.byClient.get(client.id)
      const mayHave = mayUsePlainMqtt(connection, options)
      if (mayHave && isNewSession(connection)) await forget(client, ask, inner === undefined)
      const stored = mayHave ? ((await ask('subscriptionsByClient', client)) as readonly unknown[]) : []
      const clientId = parseClientId(client.id)
      if (connection?.accepted?.isSessionPresent !== true || clientId === undefined) return stored
      return [...stored, { topic: actionsTopic(connection.words.userName, clientId), qos: 2 }]
    },

    // Aedes hands over every subscription of the packet, the refused ones too, once for each that was granted.
    async addSubscriptions(client: Named) {
      const granted = linkFor(client)?.unstoredFilters.splice(0) ?? []
      if (granted.length > 0) await ask('addSubscriptions', client, granted)
    },

    // Aedes keeps the will with the connection; it dies with its process, so that no other publishes it when the client is back.
    async putWill() {},

    async delWill(client: Named) {
      if (inner !== undefined && mayUsePlainMqtt(linkFor(client)?.connection, options)) await ask('delWill', client)
    },

    async outgoingUpdate(client: Named, packet: WithMessageId) {
      if (packet.cmd === 'pubrel') {
        const received = linkFor(client)?.connection.pump.received(packet.messageId ?? 0)
        if (received !== undefined) return received
      }
      return ask('outgoingUpdate', client, packet)
    },

    async outgoingClearMessageId(client: Named, packet: WithMessageId) {
      if (linkFor(client)?.connection.pump.acknowledged(packet.messageId ?? 0) === true) return undefined
      return ask('outgoingClearMessageId', client, packet)
    },

    async incomingStorePacket(client: Named, packet: WithMessageId) {
      if (plain.has(packet)) return ask('incomingStorePacket', client, packet)
      const link = linkFor(client)
      if (link !== undefined) (link.awaitingPubrel ??= new Set()).add(packet.messageId ?? 0)
      return undefined
    },

    async incomingGetPacket(client: Named, packet: WithMessageId) {
      if (linkFor(client)?.awaitingPubrel?.has(packet.messageId ?? 0) === true) return packet
      return ask('incomingGetPacket', client, packet)
    },

    async incomingDelPacket(client: Named, packet: WithMessageId) {
      if (linkFor(client)?.awaitingPubrel?.delete(packet.messageId ?? 0) === true) return undefined
      return ask('incomingDelPacket', client, packet)
    },
  }
}

function isNewSession(connection: Connection | undefined): boolean {
  return connection?.accepted?.client === 'device' && !connection.accepted.isSessionPresent
}

type Ask = (name: string, ...args: unknown[]) => Promise<unknown>

/**
 * What was kept for whoever had this client id before: a new session of a device may be that of another account. [MQTT-3.2.2-3]
 * @param isInMemory Aedes' own persistence, which forgets subscriptions alone
 */
async function forget(client: Named, ask: Ask, isInMemory: boolean): Promise<void> {
  await ask('cleanSubscriptions', client)
  if (!isInMemory) return
  for await (const packet of (await ask('outgoingStream', client)) as AsyncIterable<unknown>)
    await ask('outgoingClearMessageId', client, packet)
  await ask('cleanIncoming', client)
}
