import { randomUUID } from 'node:crypto'
import { parseGrants } from '../acl/index.js'
import {
  fullBudget,
  type Messenger,
  type MessengerOptions,
  type Places,
  type PublishBudget,
  type PublishRate,
  spendOne,
  startMessenger,
  TransferSockets,
} from '../broker/index.js'
import { monotonicMs } from '../clock/index.js'
import { type Delivery, type DeliveryOptions, newDelivery } from '../delivery/index.js'
import { type ControlToMain, type Ring, type RingListener, startRing, variantCount, type WorkerResource } from '../rpc/index.js'
import { distrustMemory, newSharedMemory } from '../store/index.js'
import { type CoreDoor, startCoreDoor } from '../gateway/index.js'
import { count, messengerCounts } from './counting.js'
import type { Exhaustion } from './exhaustion.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import { listenToCluster, openPlain } from './open-cluster.js'
import type { Live } from './open-places.js'
import { openProviders } from './open-providers.js'
import { redisPlace } from './open-store.js'
import { newProviderWatch } from './provider-watch.js'
import { newRingToCome } from './ring-to-come.js'
import { newTaskRunner } from './task-runner.js'
import type { WorkerData } from './worker-data.js'

const workerEntry = new URL('./worker.js', import.meta.url)
const clientDrainTimeoutMs = 60_000
const idleTransferMs = 120_000

/** The workers, and what delivers between them and the doors. */
export interface Rpc {
  readonly delivery: Delivery
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly core: CoreDoor
  readonly ring: Ring
  readonly stop: () => Promise<void>
}

export interface RpcWorld {
  readonly metrics: Metrics
  readonly exhaustion: Exhaustion
  readonly places: Places
  readonly filesUrl: string | null
}

/** Starts workers, delivery and its doors. @throws if a worker cannot be started */
export async function startRpc(live: Live, log: Log, { metrics, exhaustion, places, filesUrl }: RpcWorld): Promise<Rpc> {
  const { options } = live
  const variantsInUse = new SharedArrayBuffer(variantCount * Int32Array.BYTES_PER_ELEMENT)
  const sharedMemory = newSharedMemory()
  const boot = randomUUID()
  const runTask = newTaskRunner(openProviders(options, log), newProviderWatch(exhaustion, log))
  const ring = newRingToCome()
  const counts = messengerCounts(metrics)
  const transfers = new TransferSockets({ ring: ring.now, places, counts, log, idleMs: idleTransferMs })
  const plain = await openPlain(options, boot, log)
  const delivery = newDelivery(deliveryOptions(live), {
    ...{ ring: ring.now, variantsInUse: new Int32Array(variantsInUse), counts, log },
    onPerform: (message, node) =>
      // What an earlier start has left is performed while the last workers are still starting.
      void Promise.all([runTask(message), ring.started]).then(([end, workers]) => {
        workers.control(node, { kind: 'job-ended', id: message.id, end })
      }),
  })
  const messenger = await startMessenger(messengerOptions(live), {
    ...{ delivery, counts, places, log, plain },
    askSubscribe: (node, connection, request, filter) => {
      ring.now().control(node, { kind: 'subscribe', connection, request, filter })
    },
  })
  const core = startCoreDoor({ serverName: options.serverName }, { delivery, places, counts, log, newPace: newPaces(live) })
  const bus = await listenToCluster(options, { boot, delivery, log })
  const running = await startRing(
    {
      size: options.nodes,
      entry: workerEntry,
      dataOf: (node, underWay): WorkerData => ({ node, boot, variantsInUse, sharedMemory, underWay, options: live.options, filesUrl }),
      stopTimeoutMs: options.drainTimeoutMs + 1_000,
    },
    ringListener({ delivery, messenger, transfers, exhaustion, metrics, log, sharedMemory }),
  )
  ring.has(running)
  const stop = async (): Promise<void> => {
    await running.stop()
    bus?.close()
    plain?.mq.close(() => undefined)
  }
  return { delivery, messenger, transfers, core, ring: running, stop }
}

interface RingWorld extends Pick<RpcWorld, 'metrics' | 'exhaustion'> {
  readonly delivery: Delivery
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly log: Log
  readonly sharedMemory: SharedArrayBuffer
}

/** What the workers tell goes to whom it concerns. */
function ringListener({ delivery, messenger, transfers, exhaustion, metrics, log, sharedMemory }: RingWorld): RingListener {
  return {
    onFrame: (_node, messages) => {
      delivery.onFrame(messages)
    },
    onControl: (node, message) => {
      if (message.kind === 'counted') count(metrics, message.counts, node)
      else if (message.kind === 'log') log[message.level](message.fields, message.text)
      else if (message.kind === 'exhausted') noteExhausted(exhaustion, node, message)
      else if (message.kind === 'transfer-result') transfers.onResult(message)
      else if (message.kind === 'subscribe-result') messenger.onSubscribed(message.request, message.isAllowed)
      else delivery.onControl(node, message)
    },
    onRestart: (node) => {
      log.info({ event: 'worker-restarted', node }, 'a worker was replaced')
      // What its predecessor has told is over; it has found the store to be there.
      for (const resource of workerResources) exhaustion.end(resource, String(node))
      distrustMemory(sharedMemory)
      delivery.onRestart(node)
    },
    onStderr: (node, said) => {
      log.warn({ event: 'stderr', node, said }, 'a library has written to stderr')
    },
    onDeath: (node, because, death) => {
      // It may have committed without saying so: nothing anybody remembers counts any more.
      distrustMemory(sharedMemory)
      transfers.onDeath(node)
      delivery.onDeath(node, death)
      metrics.workerRestarts.inc()
      log.error({ event: 'worker-died', node, because, underWay: death.underWay.size }, 'a worker died; it is being replaced')
    },
  }
}

const workerResources: readonly WorkerResource[] = ['disk', 'store', 'memory', 'files', 'object-storage', 'outbox']

function noteExhausted(exhaustion: Exhaustion, node: number, { resource, because }: ControlToMain & { kind: 'exhausted' }): void {
  if (because === null) exhaustion.end(resource, String(node))
  else exhaustion.begin(resource, because, String(node))
}

function deliveryOptions({ options }: Live): DeliveryOptions {
  return {
    windowSize: options.inflightWindow,
    ...(redisPlace(options) === null ? {} : { drainRate: options.drainRate }),
    drainTimeoutMs: clientDrainTimeoutMs,
    connectPatienceMs: options.requestDeadlineMs,
  }
}

/** What a session may ask in a second, as for a device of MQTT. */
function newPaces(live: Live): () => () => number {
  const rate = (): PublishRate | 'off' => rateOf(live)
  return () => {
    let budget: PublishBudget | undefined
    return () => {
      const now = rate()
      if (now === 'off') return 0
      const at = monotonicMs()
      const spent = spendOne(budget ?? fullBudget(now, at), now, at)
      budget = spent.budget
      return spent.waitMs
    }
  }
}

function rateOf({ options: { publishesPerSecond } }: Live): PublishRate | 'off' {
  return publishesPerSecond === 'off' ? 'off' : { perSecond: publishesPerSecond, burst: publishesPerSecond }
}

function messengerOptions(live: Live): MessengerOptions {
  const { options } = live
  return {
    maxPacketBytes: options.maxPacketBytes,
    maxPayloadBytes: options.maxPayloadBytes,
    queueLimit: options.inboxEntries,
    drainTimeoutMs: clientDrainTimeoutMs,
    connectTimeoutMs: options.connectDeadlineMs,
    get publishRate() {
      return rateOf(live)
    },
    grants: parseGrants(options.grants.join('\n')).grants,
  }
}
