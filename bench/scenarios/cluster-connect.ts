import { setTimeout as pause } from 'node:timers/promises'
import { median } from '../compare.js'
import { registerAll } from '../load/community.js'
import { Connection } from '../load/connection.js'
import type { Account } from '../load/device.js'
import { startAedesCluster } from '../peers/aedes.js'
import type { Cluster } from '../peers/cluster.js'
import { startNynjaCluster } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import { atMost, type Row } from '../report.js'
import { friends, makePopular } from './connect.js'
import { opened } from './opened.js'
import type { ScenarioContext } from './scenario.js'

const warmUps = 5
const topicsPerPacket = 500

/** Medians and means over reconnects of one client, to one node and the other in turn. */
interface Reconnects {
  /** Until the client is where it was before. */
  readonly ms: number
  /** Processor time of both nodes and Redis, until all is done that a connect and its disconnect leave to do, less what they use at rest. */
  readonly cpuMs: number
}

/** What a device of somebody with 1,000 friends costs to connect, against the 2,000 topics it would have to subscribe to elsewhere. */
export async function clusterConnect(context: ScenarioContext): Promise<readonly Row[]> {
  const theirs = await plainReconnects(context)
  const ours = context.hasNynja ? await nynjaReconnects(context) : undefined
  const row = (measure: string, read: (of: Reconnects) => number, of: keyof Ours, than: keyof Theirs): Row => ({
    scenario: 'cluster',
    measure,
    unit: 'ms',
    value: ours && read(ours[of]),
    against: { name: `aedes+redis, ${than}`, value: read(theirs[than]) },
  })
  const [ms, cpuMs] = [(of: Reconnects) => of.ms, (of: Reconnects) => of.cpuMs]
  return [
    row('connect, no friends', ms, 'no friends', 'no topics'),
    { ...row('connect, 1,000 friends', ms, '1,000 friends', '2,000 topics stored'), bound: atMost(1 / 20) },
    { ...row('connect, 1,000 friends', ms, '1,000 friends', '2,000 topics anew'), bound: atMost(1 / 20) },
    row('its processor time', cpuMs, '1,000 friends', '2,000 topics stored'),
    row('its processor time', cpuMs, '1,000 friends', '2,000 topics anew'),
  ]
}

type Ours = Readonly<Record<'no friends' | '1,000 friends', Reconnects>>

function nynjaReconnects({ log }: ScenarioContext): Promise<Ours> {
  return opened(async (onEnd) => {
    const cluster = await startNynjaCluster()
    onEnd(cluster.stop)
    const [lonely, popular] = (await registerAll(cluster.port, 2, 100_000)) as [Account, Account]
    await makePopular(cluster.port, popular)
    const ofDevice = async (who: keyof Ours, { clientId, token }: Account): Promise<Reconnects> =>
      reconnect({ cluster, who, rounds: 100, log }, async (port) =>
        connected(await Connection.open({ port, clientId, clean: false, password: token, will: 'version/1' })),
      )
    return { 'no friends': await ofDevice('no friends', lonely), '1,000 friends': await ofDevice('1,000 friends', popular) }
  })
}

type Theirs = Readonly<Record<'no topics' | '2,000 topics stored' | '2,000 topics anew', Reconnects>>

function plainReconnects({ log }: ScenarioContext): Promise<Theirs> {
  return opened(async (onEnd) => {
    const cluster = await startAedesCluster('aedes+redis')
    onEnd(cluster.stop)
    const open = (port: number, clientId: string): Promise<Connection> => Connection.open({ port, clientId, clean: false })
    const stored = await open(cluster.port, 'stored')
    // One by one: a SUBSCRIBE to several topics is never answered here if the session is persistent.
    for (const topic of topics) await stored.subscribe(topic, 1)
    await stored.close()
    const measured = { cluster, rounds: 20, log }
    return {
      'no topics': await reconnect({ ...measured, who: 'no topics', rounds: 100 }, async (port) => connected(await open(port, 'plain'))),
      '2,000 topics stored': await reconnect({ ...measured, who: '2,000 topics stored' }, async (port) =>
        connected(await open(port, 'stored')),
      ),
      '2,000 topics anew': await reconnect({ ...measured, who: '2,000 topics anew' }, async (port) => {
        const { connection, ms } = connected(await Connection.open({ port, clientId: 'anew', clean: true }))
        return { connection, ms: ms + (await subscribeAll(connection)) }
      }),
    }
  })
}

/** @returns how long it took */
async function subscribeAll(connection: Connection): Promise<number> {
  const begun = performance.now()
  for (let at = 0; at < topics.length; at += topicsPerPacket) await connection.subscribe(topics.slice(at, at + topicsPerPacket), 1)
  return performance.now() - begun
}

/** Two for each friend: his presence, and the chat with him. */
const topics: readonly string[] = Array.from({ length: friends }, (_, index) => {
  const friend = `9990020${1_000 + index}_${10_000 + index}`
  return [`ses/${friend}`, `p2p/99900100001_9999/${friend}`]
}).flat()

/** A client that is where it was before its connection was lost, and how long that took from its CONNECT. */
interface Reconnected {
  readonly connection: Connection
  readonly ms: number
}

function connected(connection: Connection): Reconnected {
  return { connection, ms: connection.connackMs }
}

interface Measured {
  readonly cluster: Cluster
  readonly who: string
  readonly rounds: number
  readonly log: (line: string) => void
}

async function reconnect({ cluster, who, rounds, log }: Measured, open: (port: number) => Promise<Reconnected>): Promise<Reconnects> {
  const once = async (round: number): Promise<number> => {
    const { connection, ms } = await open(cluster.ports[round & 1] ?? 0)
    await connection.close()
    await atRest(cluster)
    return ms
  }
  for (let round = 0; round < warmUps; round++) await once(round)
  const atRestCpu = await cpuOver(cluster, () => pause(restMs))
  const times: number[] = []
  const cpu = await cpuOver(cluster, async () => {
    for (let round = 0; round < rounds; round++) times.push(await once(round))
  })
  const result = { ms: median(times), cpuMs: (cpu.usedMs - atRestCpu.share * cpu.elapsedMs) / rounds }
  log(`  ${cluster.name.padEnd(12)} ${who}: ${result.ms.toFixed(2)} ms, ${result.cpuMs.toFixed(1)} ms of processor time`)
  return result
}

/** Processor time used while `work` is done, and its share of that time. */
async function cpuOver(peer: Peer, work: () => Promise<unknown>): Promise<{ usedMs: number; elapsedMs: number; share: number }> {
  const [begun, before] = [performance.now(), peer.cpuMs()]
  await work()
  const [usedMs, elapsedMs] = [peer.cpuMs() - before, performance.now() - begun]
  return { usedMs, elapsedMs, share: usedMs / elapsedMs }
}

const restMs = 2_000
const lookMs = 50
/** What a program that does nothing may use meanwhile: a tick of the clock by which the kernel counts. */
const restingCpuMs = 10

/** Waits until the servers have done what a disconnect leaves to do. */
async function atRest(peer: Peer): Promise<void> {
  let before: number
  do {
    before = peer.cpuMs()
    await pause(lookMs)
  } while (peer.cpuMs() - before > restingCpuMs)
}
