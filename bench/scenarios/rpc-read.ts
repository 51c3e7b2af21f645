import { befriend } from '../load/community.js'
import type { Device } from '../load/device.js'
import { rosterGet } from '../load/requests.js'
import { atLeast, atMost } from '../report.js'
import { rpcVersusRig, runRpc, type RpcLoad } from './rpc.js'
import type { Scenario } from './scenario.js'

const load: RpcLoad = { payload: rosterGet, answerTopic: 'actions/', prepare: befriendNeighbours }

export const rpcRead: Scenario = {
  name: 'rpc-read',
  about: 'Roster/get of a roster with three contacts, against an echo inside bare Aedes',
  run: (context) =>
    runRpc(
      {
        ...load,
        name: 'rpc-read',
        isStored: false,
        throughput: atLeast(0.8),
        latency: { bound: atMost(3), isRatio: true },
      },
      context,
    ),
  versusRig: (peer) => rpcVersusRig(peer, load),
}

/** A ring: everybody has two friends, and himself. */
async function befriendNeighbours(devices: readonly Device[]): Promise<void> {
  for (const [index, device] of devices.entries()) await befriend(device, devices[(index + 1) % devices.length] as Device)
}
