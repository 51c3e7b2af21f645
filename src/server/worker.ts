import { parentPort, workerData } from 'node:worker_threads'
import { newRpcContext, protocolLimits, RpcWorker, type ControlToMain, type ControlToWorker } from '../rpc/index.js'
import { openLmdbStore } from '../store/index.js'
import { rpcLimits, storePath, type WorkerData } from './worker-data.js'

/** Entry of a worker thread: one node of the ring, with its own view of the store. */
const port = parentPort
if (port === null) throw new Error('this module runs in a worker thread of the server')

const { node, boot, variantsInUse, sharedMemory, options, takesLeftovers } = workerData as WorkerData
const store = await openLmdbStore({ path: storePath(options), inboxLimit: options.inboxEntries, sharedMemory })
const worker = new RpcWorker({
  store,
  context: newRpcContext({
    boot,
    nodeCount: options.nodes,
    testNumbers: { prefixes: options.testNumbers, code: options.testCode },
    limits: { ...protocolLimits, ...rpcLimits(options) },
  }),
  services: new Map(options.services.map(({ name, secret }) => [name, secret])),
  variantsInUse: new Int32Array(variantsInUse),
  post(message: Uint8Array<ArrayBuffer> | ControlToMain) {
    if (message instanceof Uint8Array) port.postMessage(message, [message.buffer])
    else port.postMessage(message)
  },
  requestDeadlineMs: options.requestDeadlineMs,
  takesLeftovers: takesLeftovers && node === 1,
  sweeps: node === 1,
})

async function stop(): Promise<void> {
  await worker.stop()
  await store.close()
  // Closing the port is not enough: the store's native side now and then keeps the thread's loop alive.
  process.exit()
}

port.on('message', (message: Uint8Array | ControlToWorker) => {
  if (!(message instanceof Uint8Array) && message.kind === 'stop') void stop()
  else worker.receive(message)
})
port.postMessage({ kind: 'ready' } satisfies ControlToMain)
