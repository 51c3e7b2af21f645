import type { Client as AedesClient, PublishPacket } from 'aedes'
import type { BrokerState } from '../broker-state.js'
import type { Connection } from '../../delivery/index.js'
import type { PlainBroker, PlainCluster, PlainPacket, Publish } from './plain-cluster.js'
import { newPlainDelivery } from './plain-delivery.js'
import type { Method, PlainClient } from './plain-persistence.js'
import { mayReceivePlain } from './plain-right.js'
import { mayUsePlainMqtt } from './plain-use.js'

/** How long a publish, or a CONNECT, waits for the others. */
const patienceMs = 30_000
const prolongMs = 6 * 3_600_000

/** @param persistence what {@link plainPersistence} has made */
export function newPlainBroker(
  state: BrokerState,
  cluster: PlainCluster,
  persistence: Record<string, Method>,
  publish: Publish,
): PlainBroker {
  const { aedes, links } = state
  const { connections } = links
  const mayReceive = (client: AedesClient, topic: string): boolean =>
    mayReceivePlain(links.byAedes.get(client)?.connection, topic, state.options)
  const delivery = newPlainDelivery(cluster, persistence, { links, log: state.world.log, mayReceive })
  const isReceived = persistence['incomingGetPacket'] as (client: AedesClient, packet: PublishPacket) => Promise<unknown>
  const publishing = new WeakSet<AedesClient>()
  Object.assign(aedes, { authorizeForward: delivery.forward })
  aedes.on('clientReady', delivery.begin)
  aedes.on('clientDisconnect', (client) => {
    const connection = links.byAedes.get(client)?.connection
    if (connection === undefined || publishing.has(client) || !mayUsePlainMqtt(connection, state.options)) return
    giveUp(state, cluster, connection)
  })
  cluster.onResubscribed(() => {
    checkOwners(state, cluster).catch((error: unknown) => {
      state.world.log.warn({ err: error }, 'who is connected elsewhere could not be read')
    })
  })
  const prolonging = setInterval(() => {
    void cluster.owners.prolong([...connections.byClient.keys()]).catch(() => undefined)
  }, prolongMs).unref()
  aedes.once('closed', () => {
    clearInterval(prolonging)
  })

  return {
    publish: (client, packet) => publishPatiently(publish, isReceived, client, packet),
    async publishWill(connection, client, packet) {
      publishing.add(client)
      const { clientId } = connection.words
      const isOurs = await within(cluster.owners.claimWill(clientId, ownerName(cluster, connection)))
      if (isOurs === true) await within(published(publish, client, packet))
      giveUp(state, cluster, connection)
    },
  }
}

function ownerName({ brokerId }: PlainCluster, connection: Connection): string {
  return `${epochOf(connection)}:${brokerId}:${connection.number}`
}

/** 0 for clients that have none: all but devices and services. */
function epochOf({ accepted }: Connection): number {
  return accepted?.epoch ?? 0
}

function giveUp({ world }: BrokerState, cluster: PlainCluster, connection: Connection): void {
  cluster.owners.giveUp(connection.words.clientId, ownerName(cluster, connection)).catch((error: unknown) => {
    world.log.debug({ err: error }, 'a client id was not given up')
  })
}

function published(publish: Publish, client: AedesClient, packet: PublishPacket): Promise<true> {
  return new Promise((resolve, reject) => {
    publish(packet, client, (error) => {
      if (error === undefined || error === null) resolve(true)
      else reject(error)
    })
  })
}

async function publishPatiently(
  publish: Publish,
  isReceived: (client: AedesClient, packet: PublishPacket) => Promise<unknown>,
  client: AedesClient,
  packet: PublishPacket,
): Promise<boolean> {
  const isRepeated =
    packet.qos === 2 &&
    (await within(
      isReceived(client, packet).then(
        () => true,
        () => false,
      ),
    ))
  if (isRepeated === undefined) return false
  return isRepeated || (await within(published(publish, client, packet))) === true
}

/** @returns undefined if it fails, or takes too long */
async function within<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined)
  })
  try {
    return await Promise.race([work, patience])
  } catch {
    return undefined // whoever waits refuses what it waited for; the cause is that the others cannot be reached, which is told elsewhere
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A client connects: its id is this connection's, unless one of a later epoch has it already. Epochs decide whose connection stands, and whoever is
 * followed is closed by them; here is noted whose will is still to be published. Clients without an epoch are told from here that they are followed.
 */
export async function takeOver({ links }: Pick<BrokerState, 'links'>, cluster: PlainCluster, client: PlainClient): Promise<void> {
  const connection = links.byAedes.get(client as unknown as AedesClient)?.connection
  if (connection === undefined) return
  const before = await within(cluster.owners.take(client.id, ownerName(cluster, connection)).then((owner) => owner ?? ''))
  if (before === undefined) connection.link.close('failed')
  else if (epochOf(connection) === 0 && before !== '' && !before.includes(cluster.brokerId)) {
    // Aedes listens to this, and closes clients of that id. Its own telling is swallowed, with all of $SYS.
    const notice: PlainPacket = { topic: `$SYS/${cluster.brokerId}/new/clients`, payload: Buffer.from(client.id), qos: 0 }
    cluster.mq.emit(notice)
  }
}

/** After listening was interrupted: who has been followed meanwhile is closed; who is not known any more is noted again. */
async function checkOwners(state: BrokerState, cluster: PlainCluster): Promise<void> {
  for (const connection of [...state.links.connections.byClient.values()]) {
    if (!mayUsePlainMqtt(connection, state.options)) continue
    const { clientId } = connection.words
    const name = ownerName(cluster, connection)
    const owner = await cluster.owners.of(clientId)
    if (owner === undefined) await cluster.owners.take(clientId, name)
    else if (owner !== name && (epochOf(connection) === 0 || Number.parseInt(owner) > epochOf(connection)))
      connection.link.close('followed')
  }
}
