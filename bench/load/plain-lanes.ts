import { Connection } from './connection.js'
import { inParallel } from './parallel.js'
import { Lane } from './lane.js'
import { publishTemplate } from './mqtt-packets.js'

/** Connections to a plain broker, and the lanes that run over them. */
export interface Rig {
  readonly lanes: readonly Lane[]
  readonly close: () => Promise<void>
}

const parallelConnects = 32

/** `count` clients that publish requests and are each answered on a topic of their own. */
export async function echoRig(port: number, payloads: readonly Buffer[]): Promise<Rig> {
  const connections = await openAll(port, 'echo', payloads.length, true)
  const lanes = await inParallel('subscriptions', connections, parallelConnects, async (connection, index) => {
    await connection.subscribe(`actions/1/api/${clientId('echo', index)}`, 1)
    const request = publishTemplate('events/1//api/anon//', payloads[index] ?? Buffer.alloc(0))
    const lane = new Lane(2, (number) => {
      connection.publish(request, number)
    })
    connection.onAcknowledged = () => {
      lane.seen(0)
    }
    connection.onPublish = () => {
      lane.seen(1)
    }
    return lane
  })
  return rig(lanes, connections)
}

/** Where the two sides of each pair connect: the same node, or two. */
export interface PairPorts {
  readonly sender: number
  readonly receiver: number
}

/** For each payload a sender and a receiver, both with persistent sessions; the receiver holds one QoS 1 subscription. */
export async function pairRig(ports: PairPorts, payloads: readonly Buffer[]): Promise<Rig> {
  const senders = await openAll(ports.sender, 'sender', payloads.length, false)
  const receivers = await openAll(ports.receiver, 'receiver', payloads.length, false)
  const lanes = await inParallel('subscriptions', receivers, parallelConnects, async (receiver, index) => {
    const topic = `p2p/pair/${index}`
    await receiver.subscribe(topic, 1)
    const sender = senders[index] as Connection
    const message = publishTemplate(topic, payloads[index] ?? Buffer.alloc(0))
    const lane = new Lane(2, (number) => {
      sender.publish(message, number)
    })
    sender.onAcknowledged = () => {
      lane.seen(0)
    }
    receiver.onPublish = () => {
      lane.seen(1)
    }
    return lane
  })
  return rig(lanes, [...senders, ...receivers])
}

/** One publisher and `members` subscribers of one topic at QoS 1; a message is done when all have it and the publisher its PUBACK. */
export async function fanOutRig(port: number, members: number, payload: Buffer, clean: boolean): Promise<Rig> {
  const connections = await openAll(port, 'member', members, clean)
  await inParallel('subscriptions', connections, parallelConnects, (connection) => connection.subscribe('room/bench', 1))
  const publisher = connections[0] as Connection
  const message = publishTemplate('room/bench', payload)
  const lane = new Lane(members + 1, (number) => {
    publisher.publish(message, number)
  })
  for (const [index, connection] of connections.entries()) {
    connection.onPublish = () => {
      lane.seen(index)
    }
  }
  publisher.onAcknowledged = () => {
    lane.seen(members)
  }
  return rig([lane], connections)
}

/** Idle clients with persistent sessions and one subscription each. */
export async function idleRig(port: number, count: number): Promise<Rig> {
  const connections = await openAll(port, 'idle', count, false)
  await inParallel('subscriptions', connections, parallelConnects, (connection, index) =>
    connection.subscribe(`actions/1/api/${clientId('idle', index)}`, 2),
  )
  return rig([], connections)
}

export function rig(lanes: readonly Lane[], connections: readonly Connection[]): Rig {
  return {
    lanes,
    close: async () => {
      await inParallel('disconnects', connections, parallelConnects, (connection) => connection.close())
    },
  }
}

function openAll(port: number, kind: string, count: number, clean: boolean): Promise<Connection[]> {
  const ids = Array.from({ length: count }, (_, index) => clientId(kind, index))
  return inParallel('connects', ids, parallelConnects, (id) => Connection.open({ port, clientId: id, clean }))
}

function clientId(kind: string, index: number): string {
  return `${kind}_${index}`
}
