import { compareAtFullLoad, compareAtHalf, isDisturbed, type Contest, type Contestant } from '../compare.js'
import type { Load } from '../load/drive.js'
import { pairRig, type PairPorts } from '../load/plain-lanes.js'
import { startAedesCluster } from '../peers/aedes.js'
import type { Cluster } from '../peers/cluster.js'
import { startNynjaCluster } from '../peers/nynja.js'
import { atLeast, type Bound, type Row } from '../report.js'
import { chatRig, plainMessages, window } from './chat.js'
import { opened } from './opened.js'
import type { ScenarioContext } from './scenario.js'

/** Two nodes and a Redis see half the load that one server sees, so their code is compiled later. */
const firstWarmupMs = 12_000

/**
 * The pairs of `chat`, with all senders on one node and all receivers, whose sessions are persistent, on the other. Ours stores each message
 * and delivers it to both; theirs forwards it to the receiver.
 */
export function clusterChat(context: ScenarioContext): Promise<readonly Row[]> {
  return opened(async (onEnd) => {
    const start = async (starting: Promise<Cluster>): Promise<Cluster> => {
      const cluster = await starting
      onEnd(cluster.stop)
      return cluster
    }
    const contestants: Contestant[] = []
    if (context.hasNynja) {
      const peer = await start(startNynjaCluster())
      contestants.push({ peer, rig: await chatRig(acrossNodes(peer)) })
    }
    for (const use of ['aedes+redis', 'aedes+redis piped'] as const) {
      const peer = await start(startAedesCluster(use))
      contestants.push({ peer, rig: await pairRig(acrossNodes(peer), plainMessages()) })
    }
    return measure({ contestants, window, seconds: context.seconds, firstWarmupMs, log: context.log })
  })
}

async function measure(contest: Contest): Promise<readonly Row[]> {
  const full = await compareAtFullLoad(contest)
  const half = await compareAtHalf(contest, full)
  const rows = (name: string, bound?: Bound): Row[] => {
    const row = (measure: string, unit: string, loads: Map<string, Load>, read: (load: Load | undefined) => number | undefined): Row => ({
      scenario: 'cluster',
      measure,
      unit,
      value: read(loads.get('nynja')),
      against: { name, value: read(loads.get(name)) ?? NaN },
      isDisturbed: isDisturbed(full, half),
    })
    return [
      { ...row('chat, node to node', '1/s', full, (load) => load?.perSecond), ...(bound === undefined ? {} : { bound }) },
      row('chat, p50 at half load', 'ms', half, (load) => load?.p50Ms),
      row('chat, p99 at half load', 'ms', half, (load) => load?.p99Ms),
    ]
  }
  return [...rows('aedes+redis', atLeast(2)), ...rows('aedes+redis piped')]
}

function acrossNodes({ ports: [sender, receiver] }: Cluster): PairPorts {
  return { sender, receiver }
}
