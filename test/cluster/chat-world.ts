import { type ChatLoad, newChatLoad } from '../faults/chat-load.js'
import { inspectTown } from '../faults/inspect-town.js'
import { type Finding, type Ledger, newLedger } from '../faults/ledger.js'
import { buildTown, type Town } from '../faults/town.js'
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js'
import { type Fleet, newFleet } from './fleet.js'

/** A cluster with people who chat on it: friends are at home on different nodes, and everybody sends. */
export interface ChatWorld {
  readonly cluster: Cluster
  readonly town: Town
  readonly ledger: Ledger
  readonly load: ChatLoad
  readonly fleet: Fleet
  close(): Promise<void>
}

/** What was counted, and everything that contradicts the promises. */
export interface Verdict {
  readonly sent: number
  readonly acknowledged: number
  readonly delivered: number
  /** At QoS 1, with DUP. */
  readonly repeated: number
  readonly sessionsLost: number
  readonly findings: readonly Finding[]
}

export interface ChatWorldOptions extends ClusterOptions {
  /** An even number. */
  readonly citizens: number
}

/** Each message to the room goes to everybody: one to so many between two friends. */
const messagesToFriend = 9
const keepaliveMs = 5_000

/** Starts a cluster, fills it, and lets the chat begin. */
export async function startChatWorld(options: ChatWorldOptions): Promise<ChatWorld> {
  const cluster = await startCluster(options)
  try {
    const ledger = newLedger()
    const town = await buildTown(cluster.doors[0]!(), options.citizens, ledger, '38067', { keepaliveMs })
    const fleet = newFleet(town.citizens.map(({ device }) => device))
    const load = newChatLoad(
      town,
      ledger,
      () => false,
      (chat, room) => [...Array.from({ length: messagesToFriend }, () => chat), room],
    )
    await fleet.begin(cluster.doors)
    load.start()
    return {
      cluster,
      town,
      ledger,
      load,
      fleet,
      async close() {
        fleet.end()
        for (const { device } of town.citizens) device.cut()
        await cluster.close()
      },
    }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** Ends the chat, waits for everything that is still to come, and judges. Everybody must be connected, or come back. */
export async function conclude({ town, ledger, load, fleet }: ChatWorld): Promise<Verdict> {
  await load.stop()
  await fleet.allHere()
  const missing = await ledger.complete().then(
    () => [],
    () => ledger.undelivered(),
  )
  const findings = [...missing, ...(await inspectTown(town, ledger))]
  const sessionsLost = town.citizens.reduce((sum, { device }) => sum + device.counts.sessionsLost, 0)
  return { ...ledger.counts, sessionsLost, findings }
}
