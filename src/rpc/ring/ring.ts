import { Worker } from 'node:worker_threads'
import { type FrameWriter, newFrameWriter, takeFrame } from '../link/frame.js'
import { type ControlToMain, type FrameToMain, messagesToMain } from '../link/to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'

/** What the ring tells its owner. */
export interface RingListener {
  onFrame(node: number, messages: Iterable<FrameToMain>): void
  onControl(node: number, message: ControlToMain): void
  /** A new worker stands in for one that died: adopt its connections and repeat its unfinished requests. */
  onRestart(node: number): void
  /** A worker died. The ring replaces it by itself. */
  onDeath(node: number, because: string): void
}

/**
 * The ring of RPC workers, nodes 1 to N, each a thread. A worker that dies is replaced, after a pause that grows while it dies again at
 * once (10 ms to 2 s). Messages to a node travel packed, one buffer a tick; controls keep their place among them.
 */
export interface Ring {
  readonly size: number
  /** The frame of a node, to write to; it is sent at the end of the tick. */
  frameOf(node: number): FrameWriter
  control(node: number, message: ControlToWorker): void
  /** Ends a worker as if it had crashed; it is replaced. For operators' and tests' use. */
  kill(node: number): Promise<void>
  /** Lets every worker finish what it has been given, then ends it. */
  stop(): Promise<void>
}

export interface RingOptions {
  readonly size: number
  /** Module that runs in each worker. */
  readonly entry: URL
  /** Handed to worker `node` as its workerData. */
  readonly dataOf: (node: number) => unknown
  /** A worker that does not stop within this time is ended. */
  readonly stopTimeoutMs: number
}

interface Node {
  worker: Worker
  readonly frame: FrameWriter
  isScheduled: boolean
  isReady: boolean
  startedAt: number
  pauseMs: number
}

const youngGenerationMb = 96
const shortestPauseMs = 10
const longestPauseMs = 2_000
/** A worker that lived longer than this is replaced without delay. */
const healthyMs = 10_000

/** Starts the ring; resolves when every worker is ready. @throws whatever a worker throws while it starts */
export async function startRing(options: RingOptions, listener: RingListener): Promise<Ring> {
  let isStopping = false
  const nodes: Node[] = []
  const starting: Promise<void>[] = []

  function spawn(number: number): Worker {
    return new Worker(options.entry, {
      workerData: options.dataOf(number),
      name: `rpc-${String(number)}`,
      // Requests live shortly: a large young generation lets them die there instead of being copied.
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    })
  }

  function listen(number: number, node: Node, onReady: () => void, onDead: (because: Error) => void): void {
    const { worker } = node
    let because = 'it ended'
    worker.on('message', (message: Uint8Array | ControlToMain) => {
      if (message instanceof Uint8Array) {
        listener.onFrame(number, messagesToMain(message))
        return
      }
      if (message.kind === 'ready') onReady()
      else listener.onControl(number, message)
    })
    worker.on('error', (error: Error) => {
      because = error.stack ?? error.message
    })
    worker.on('exit', () => {
      node.isReady = false
      onDead(new Error(because))
    })
  }

  function start(number: number): Promise<void> {
    const node: Node = {
      worker: spawn(number),
      frame: newFrameWriter(),
      isScheduled: false,
      isReady: false,
      startedAt: Date.now(),
      pauseMs: shortestPauseMs,
    }
    nodes[number - 1] = node
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        node.isReady = true
        resolve()
      }
      listen(number, node, ready, (because) => {
        if (isStopping) return
        if (!node.isReady && node.pauseMs === shortestPauseMs) reject(because)
        replace(number, node, because.message)
      })
    })
  }

  function replace(number: number, node: Node, because: string): void {
    listener.onDeath(number, because)
    node.pauseMs = Date.now() - node.startedAt > healthyMs ? shortestPauseMs : Math.min(longestPauseMs, node.pauseMs * 2)
    setTimeout(() => {
      if (isStopping) return
      // What had been written for the old worker is repeated by the owner.
      node.frame.length = 0
      node.worker = spawn(number)
      node.startedAt = Date.now()
      const ready = (): void => {
        node.isReady = true
        listener.onRestart(number)
      }
      listen(number, node, ready, (reason) => {
        if (!isStopping) replace(number, node, reason.message)
      })
    }, node.pauseMs)
  }

  function nodeOf(number: number): Node {
    const node = nodes[number - 1]
    if (node === undefined) throw new RangeError(`no node ${String(number)}`)
    return node
  }

  function flush(node: Node): void {
    node.isScheduled = false
    if (node.frame.length === 0 || !node.isReady) return
    const frame = takeFrame(node.frame)
    node.worker.postMessage(frame, [frame.buffer])
  }

  for (let number = 1; number <= options.size; number++) starting.push(start(number))
  await Promise.all(starting)

  return {
    size: options.size,
    frameOf(number) {
      const node = nodeOf(number)
      if (!node.isScheduled) {
        node.isScheduled = true
        setImmediate(flush, node)
      }
      return node.frame
    },
    control(number, message) {
      const node = nodeOf(number)
      flush(node)
      // A control for a worker that is being replaced is repeated by the owner when the new one is ready.
      if (node.isReady) node.worker.postMessage(message)
    },
    async kill(number) {
      await nodeOf(number).worker.terminate()
    },
    async stop() {
      isStopping = true
      await Promise.all(nodes.map((node) => stopWorker(node, options.stopTimeoutMs, flush)))
    },
  }
}

async function stopWorker(node: Node, timeoutMs: number, flush: (node: Node) => void): Promise<void> {
  flush(node)
  if (!node.isReady) return
  const ended = new Promise<void>((resolve) => {
    node.worker.once('exit', () => {
      resolve()
    })
  })
  node.worker.postMessage({ kind: 'stop' } satisfies ControlToWorker)
  const timer = setTimeout(() => void node.worker.terminate(), timeoutMs)
  await ended
  clearTimeout(timer)
}
