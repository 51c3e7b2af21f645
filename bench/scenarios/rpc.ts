import { compareAtFullLoad, compareAtHalf, isDisturbed, type Contest, type Contestant } from '../compare.js'
import { logInAll, registerAll } from '../load/community.js'
import type { OnPublish } from '../load/connection.js'
import { requestTopic, type Device } from '../load/device.js'
import type { Load } from '../load/drive.js'
import { Lane } from '../load/lane.js'
import { publishTemplate } from '../load/mqtt-packets.js'
import { echoRig, rig, type Rig } from '../load/plain-lanes.js'
import { decodeTerm } from '../load/term.js'
import { startAedes, startStoringAedes } from '../peers/aedes.js'
import { startNynja } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import type { Bound, Row } from '../report.js'
import { opened } from './opened.js'
import type { ScenarioContext } from './scenario.js'

/** What is asked, and where answers come. */
export interface RpcLoad {
  /** The request of one device; the same bytes go to bare Aedes, which sends them back. */
  readonly payload: (rosterId: number) => Buffer
  /** Topics of answers begin with this. */
  readonly answerTopic: 'ses/' | 'actions/'
  readonly prepare?: (devices: readonly Device[]) => Promise<void>
}

export interface RpcScenario extends RpcLoad {
  readonly name: string
  readonly throughput: Bound
  /** Whether a request changes something: then it is compared with an Aedes that stores what it echoes, too. */
  readonly isStored: boolean
  /** On p99 at half load, as milliseconds or against bare Aedes. */
  readonly latency: { readonly bound: Bound; readonly isRatio: boolean }
}

const connections = 50
const window = 16

/** Requests at QoS 1; a round trip ends when both the answer and the PUBACK are there. */
export function runRpc(scenario: RpcScenario, context: ScenarioContext): Promise<readonly Row[]> {
  return opened(async (onEnd) => {
    const contestants: Contestant[] = []
    if (context.hasNynja) {
      const peer = await startNynja()
      onEnd(peer.stop)
      contestants.push({ peer, rig: await nynjaRig(peer.port, scenario) })
    }
    const payloads = Array.from({ length: connections }, (_, index) => scenario.payload(index + 1))
    for (const start of [() => startAedes({ isEcho: true }), ...(scenario.isStored ? [startStoringAedes] : [])]) {
      const peer = await start()
      onEnd(peer.stop)
      contestants.push({ peer, rig: await echoRig(peer.port, payloads) })
    }
    return measure(scenario, { contestants, window, seconds: context.seconds, log: context.log })
  })
}

async function measure({ name, throughput, isStored, latency }: RpcScenario, contest: Contest): Promise<Row[]> {
  const full = await compareAtFullLoad(contest)
  const half = await compareAtHalf(contest, full)
  const row = (measure: string, unit: string, ofEach: ReadonlyMap<string, number>, peer?: string): Row => {
    const against = peer === undefined ? {} : { against: { name: peer, value: ofEach.get(peer) ?? NaN } }
    return { scenario: name, measure, unit, value: ofEach.get('nynja'), ...against, isDisturbed: isDisturbed(full, half) }
  }
  const p99 = of(half, ({ p99Ms }) => p99Ms)
  return [
    {
      ...row(
        'round trips',
        '1/s',
        of(full, ({ perSecond }) => perSecond),
        'aedes',
      ),
      bound: throughput,
    },
    row(
      'p50 at full load',
      'ms',
      of(full, ({ p50Ms }) => p50Ms),
      'aedes',
    ),
    row(
      'p50 at half load',
      'ms',
      of(half, ({ p50Ms }) => p50Ms),
      'aedes',
    ),
    { ...row('p99 at half load', 'ms', p99, latency.isRatio ? 'aedes' : undefined), bound: latency.bound },
    ...(isStored ? [row('p99 at half load', 'ms', p99, 'aedes+lmdb')] : []),
  ]
}

/** One figure of each contestant. */
function of(loads: ReadonlyMap<string, Load>, read: (load: Load) => number): ReadonlyMap<string, number> {
  return new Map([...loads].map(([name, load]) => [name, read(load)]))
}

/** Our server, loaded with the same requests. */
export async function rpcVersusRig({ port }: Peer, scenario: RpcLoad): Promise<{ readonly rig: Rig; readonly window: number }> {
  return { rig: await nynjaRig(port, scenario), window }
}

async function nynjaRig(port: number, { payload, answerTopic, prepare }: RpcLoad): Promise<Rig> {
  const devices = await logInAll(port, await registerAll(port, connections))
  await prepare?.(devices)
  const lanes = devices.map(({ account, connection }) => {
    const request = publishTemplate(requestTopic, payload(account.rosterId))
    const lane = new Lane(2, (number) => {
      connection.publish(request, number)
    })
    connection.onAcknowledged = () => {
      lane.seen(0)
    }
    connection.onPublish = answerReader(answerTopic, lane)
    return lane
  })
  return rig(
    lanes,
    devices.map(({ connection }) => connection),
  )
}

/** Counts answers; an `io` on `actions/…` is a refusal here, and ends the run. Pushes on other topics are not ours to count. */
function answerReader(answerTopic: string, lane: Lane): OnPublish {
  const wanted = Buffer.from(answerTopic)
  return (bytes, topicAt, _topicEnd, payloadAt, end) => {
    if (isIo(bytes, payloadAt)) lane.failure ??= `refused: ${JSON.stringify(decodeTerm(bytes.subarray(payloadAt, end)))}`
    for (let index = 0; index < wanted.length; index++) if (bytes[topicAt + index] !== wanted[index]) return
    lane.seen(1)
  }
}

/** `131, 104, 3, atom tag, …, "io"`: the two letters stand one byte earlier if the length of the atom takes one byte. */
function isIo(bytes: Buffer, at: number): boolean {
  const nameAt = bytes[at + 3] === 100 || bytes[at + 3] === 118 ? at + 6 : at + 5
  return bytes[at + 2] === 3 && bytes[nameAt - 1] === 2 && bytes[nameAt] === 0x69 && bytes[nameAt + 1] === 0x6f
}
