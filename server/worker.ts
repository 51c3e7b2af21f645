import { hostname } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { wallMs } from '../clock/index.js'
import { openRedisBus } from '../cluster/index.js'
import {
  type ClusterParts,
  newRpcContext,
  newUnderWay,
  protocolLimits,
  RpcWorker,
  type ControlToMain,
  type ControlToWorker,
  type WorkerResource,
} from '../rpc/index.js'
import { newStickerShelf, openStickerFolder } from '../files/index.js'
import { thisMachine } from './machine.js'
import { openStorage, openTransfers, outageText } from './open-files.js'
import { pushRules } from './push-rules.js'
import { openStore, redisPlace } from './open-store.js'
import { collectAtRest } from './rest.js'
import { serverVersion } from './version.js'
import type { Lack } from '../store/index.js'
import { fullness } from './watch-machine.js'
import { rpcLimits, stickersPath, type WorkerData } from './worker-data.js'

/** A process that lives shows it so many times within the time after which it is taken for dead. */
const beatsPerLease = 5
const lookEveryMs = 1_000

/** Entry of a worker thread: one node of the ring, with its own view of the store. */
const port = parentPort
if (port === null) throw new Error('this module runs in a worker thread of the server')

const lacking = new Set<WorkerResource>()
/** What the store lacks now. */
let lacks: Lack | undefined
const served: { worker?: RpcWorker } = {}
const { node, boot, variantsInUse, sharedMemory, underWay, options, filesUrl } = workerData as WorkerData
const place = redisPlace(options)
const storeResource = place === null ? 'disk' : 'store'
const store = await openStore(options, {
  sharedMemory,
  onReplanned() {
    port.postMessage({ kind: 'counted', counts: [{ name: 'replan', count: 1 }] } satisfies ControlToMain)
  },
  onState: (isServing, because, lack) => {
    exhausted(storeResource, isServing ? null : because)
    if (isServing && lacks !== undefined) served.worker?.storeServes()
    lacks = isServing ? undefined : lack
  },
})
const bus = place === null ? undefined : await openRedisBus({ ...place, onError: () => undefined })
const opened = await openStorage(options, {
  onOutage: (error) => {
    exhausted('object-storage', outageText(error))
  },
  onForwarded: () => {
    exhausted('object-storage', null)
  },
  onFault: (error) => {
    tell('error', 'fault', error, 'fault')
  },
})
// What an earlier life of the server has left behind is caught up with beside everything else.
if (node === 1) opened.catchUp().catch((error: unknown) => tell('error', 'fault', error, 'fault'))
/** Handlers ask them at each request: some change while it runs. */
const limits = { ...protocolLimits, ...rpcLimits(options) }
const worker = new RpcWorker({
  store,
  node,
  context: newRpcContext({
    boot,
    nodeCount: options.nodes,
    hasScheduler: true,
    testNumbers: { prefixes: options.testNumbers, code: options.testCode },
    limits,
    files:
      filesUrl === null
        ? null
        : await openTransfers(options, opened, { url: filesUrl, onWritten: (because) => exhausted('files', because) }),
    stickers: newStickerShelf(await openStickerFolder(stickersPath(options)), {
      urlOf: (key) => (filesUrl === null ? null : filesUrl + key),
      onBroken: (name) => {
        tell('warn', 'sticker-pack-broken', new Error(name), 'a file holds no pack of stickers')
      },
      now: wallMs,
    }),
    hasCloud: options.awsRole !== '',
    strangersLearn: options.strangersLearn,
    roomAdding: options.roomAdding,
  }),
  services: new Map(options.services.map(({ name, secret }) => [name, secret])),
  variantsInUse: new Int32Array(variantsInUse),
  post(message: Uint8Array<ArrayBuffer> | ControlToMain) {
    if (message instanceof Uint8Array) port.postMessage(message, [message.buffer])
    else port.postMessage(message)
  },
  requestDeadlineMs: options.requestDeadlineMs,
  presenceGraceMs: options.presenceGraceMs,
  push: pushRules(options),
  onOutbox: (isFull) => {
    exhausted('outbox', isFull ? 'as many notifications wait as are kept; new ones are dropped' : null)
  },
  cluster: clusterParts(),
  underWay: newUnderWay(underWay),
  sweeps: node === 1,
})

/** A bus that is away is told of by the store, which is in the same place. */
function clusterParts(): ClusterParts | null {
  if (bus === undefined) return null
  const { leaseMs } = options
  return { bus, membership: { leaseMs, beatMs: leaseMs / beatsPerLease, host: hostname(), pid: process.pid, version: serverVersion() } }
}

/** Told when it changes. */
function exhausted(resource: WorkerResource, because: string | null): void {
  if (because === null && !lacking.delete(resource)) return
  if (because !== null) lacking.add(resource)
  port?.postMessage({ kind: 'exhausted', resource, because } satisfies ControlToMain)
}

function lookAtMemory(): void {
  const { isFull, text } = fullness(thisMachine.heap(), lacking.has('memory'))
  exhausted('memory', isFull ? `the heap of worker ${node} holds ${text}` : null)
}

function tell(level: 'warn' | 'error', event: string, error: unknown, text: string): void {
  port?.postMessage({ kind: 'log', level, fields: { event, err: describe(error) }, text } satisfies ControlToMain)
}

/** Errors lose what they carry on the way between threads. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  return { message: error.message, stack: error.stack, ...(error.cause === undefined ? {} : { cause: describe(error.cause) }) }
}

async function stop(): Promise<void> {
  await worker.stop()
  bus?.close()
  await store.close()
  // Closing the port is not enough: the store's native side now and then keeps the thread's loop alive.
  process.exit()
}

port.on('message', (message: Uint8Array | ControlToWorker) => {
  if (!(message instanceof Uint8Array) && message.kind === 'stop') void stop()
  else if (!(message instanceof Uint8Array) && message.kind === 'limits') Object.assign(limits, message.limits)
  else worker.receive(message)
})
await worker.start()
served.worker = worker
collectAtRest()
setInterval(lookAtMemory, lookEveryMs).unref()
port.postMessage({ kind: 'ready' } satisfies ControlToMain)
