import { counterMark } from '../load/mqtt-packets.js'
import { rosterPatch } from '../load/requests.js'
import { atLeast, atMost } from '../report.js'
import { seeded, seededText } from '../seed.js'
import { rpcVersusRig, runRpc, type RpcLoad } from './rpc.js'
import type { Scenario } from './scenario.js'

const random = seeded(1)

/** Each patch writes another name, so none of them can be answered without a commit. */
const load: RpcLoad = {
  payload: (rosterId) => rosterPatch(rosterId, `Anna ${counterMark}`, seededText(random, 24).trim()),
  answerTopic: 'ses/',
}

export const rpcWrite: Scenario = {
  name: 'rpc-write',
  about: 'Roster/patch, durably committed and answered on ses/, against an echo inside bare Aedes',
  run: (context) =>
    runRpc(
      {
        ...load,
        name: 'rpc-write',
        isStored: true,
        throughput: atLeast(0.5),
        latency: { bound: atMost(15), isRatio: false },
      },
      context,
    ),
  versusRig: (peer) => rpcVersusRig(peer, load),
}
