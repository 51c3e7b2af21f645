/** A worker of the ring without a server around it. It runs out of memory as soon as it is to read the deadly feed, if there is one. */
import { parentPort, workerData } from 'node:worker_threads'
import { type ControlToMain, type ControlToWorker, newRpcContext, newUnderWay, RpcWorker } from '../../rpc/index.js'
import { openLmdbStore, type Store } from '../../store/index.js'

export interface RingWorkerData {
  readonly node: number
  readonly path: string
  readonly sharedMemory: SharedArrayBuffer
  readonly underWay: SharedArrayBuffer
  readonly variantsInUse: SharedArrayBuffer
  readonly deadlyFeed?: string
  /** Numbers that begin so log in with the code. */
  readonly testNumbers?: { readonly prefixes: readonly string[]; readonly code: string }
}

const { node, path, sharedMemory, underWay, variantsInUse, deadlyFeed, testNumbers } = workerData as RingWorkerData
const port = parentPort
if (port === null) throw new Error('this module runs in a worker thread')
const whole = await openLmdbStore({ path, sharedMemory })

function fillMemory(): never {
  const held: number[][] = []
  for (;;) held.push(new Array<number>(100_000).fill(held.length))
}

const store: Store = { ...whole, feedPage: (feed, page) => (feed === deadlyFeed ? fillMemory() : whole.feedPage(feed, page)) }
const worker = new RpcWorker({
  ...{
    store,
    node,
    context: newRpcContext({ boot: 'mortal', nodeCount: 1, ...(testNumbers === undefined ? {} : { testNumbers }) }),
    services: new Map<string, string>(),
  },
  ...{ variantsInUse: new Int32Array(variantsInUse), requestDeadlineMs: 300_000, push: null, sweeps: false, cluster: null },
  ...{ presenceGraceMs: 0, underWay: newUnderWay(underWay) },
  post(message: Uint8Array<ArrayBuffer> | ControlToMain) {
    if (message instanceof Uint8Array) port.postMessage(message, [message.buffer])
    else port.postMessage(message)
  },
})

async function stop(): Promise<void> {
  await worker.stop()
  await store.close()
  process.exit()
}

port.on('message', (message: Uint8Array | ControlToWorker) => {
  if (!(message instanceof Uint8Array) && message.kind === 'stop') void stop()
  else worker.receive(message)
})
await worker.start()
port.postMessage({ kind: 'ready' } satisfies ControlToMain)
