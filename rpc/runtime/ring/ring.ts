import { Worker } from 'node:worker_threads'
import { type Monotonic, monotonicMs } from '../../../clock/index.js'
import { type FrameWriter, newFrameWriter, takeFrame } from '../link/frame.js'
import type { ControlToMain, FrameToMain } from '../link/messages-to-main.js'
import { messagesToMain } from '../link/to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { newUnderWayMemory, noteTaken, requestsUnderWay } from '../link/under-way.js'

/** What the ring tells its owner. */
export interface RingListener {
  onFrame(node: number, messages: Iterable<FrameToMain>): void
  onControl(node: number, message: ControlToMain): void
  /** A new worker stands in for one that died: adopt its connections and repeat its unfinished requests. */
  onRestart(node: number): void
  /** A library in a worker has written to stderr, which is no log line. */
  onStderr(node: number, said: string): void
  /** A worker died. The ring replaces it by itself. */
  onDeath(node: number, because: string, death: WorkerDeath): void
}

/** What is known of the death of a worker. */
export interface WorkerDeath {
  /** The requests that it was working on. */
  readonly underWay: ReadonlySet<number>
  /** It was ended from outside, and not by what it was doing. */
  readonly isAsked: boolean
}

export interface RingOptions {
  readonly size: number
  /** Module that runs in each worker. */
  readonly entry: URL
  /** Handed to worker `node` as its workerData. @param underWay where it notes what it works on, see `newUnderWay` */
  readonly dataOf: (node: number, underWay: SharedArrayBuffer) => unknown
  /** Memory of a worker for what lives long; as much as the process may have where this is left out. */
  readonly oldGenerationMb?: number
  /** A worker that does not stop within this time is ended. */
  readonly stopTimeoutMs: number
}

interface Node {
  readonly number: number
  readonly frame: FrameWriter
  /** Controls for a worker that is being replaced. */
  readonly held: ControlToWorker[]
  worker: Worker
  isScheduled: boolean
  /** Until what can wait is sent without anything that cannot. */
  later: NodeJS.Timeout | undefined
  isReady: boolean
  /** Somebody has asked for its end. */
  isKilled: boolean
  underWay: SharedArrayBuffer
  /** Bytes of its frames that have been dealt with in this turn. */
  dealtWith: number
  startedAt: Monotonic
  pauseMs: number
}

/** Requests live shortly: a large young generation lets them die there instead of being copied. */
const youngGenerationMb = 96
/** What can wait does so at most this long. */
const waitMs = 10
/** What a worker that is about to come is told when it is there. */
const heldKinds: ReadonlySet<ControlToWorker['kind']> = new Set(['subscribe', 'job-ended', 'transfer', 'limits'])
const shortestPauseMs = 10
const longestPauseMs = 2_000
/** A worker that lived longer than this is replaced without delay. */
const healthyMs = 10_000

/**
 * The ring of RPC workers, nodes 1 to N, each a thread. A worker that dies is replaced, after a pause that grows while it dies again at
 * once (10 ms to 2 s). Messages to a node travel packed, one buffer a tick; controls keep their place among them.
 */
export class Ring {
  readonly size: number
  readonly #options: RingOptions
  readonly #listener: RingListener
  readonly #nodes: Node[] = []
  #isStopping = false

  constructor(options: RingOptions, listener: RingListener) {
    this.size = options.size
    this.#options = options
    this.#listener = listener
  }

  /** Resolves when every worker is ready. @throws whatever a worker throws while it starts */
  async start(): Promise<void> {
    const starting: Promise<void>[] = []
    for (let number = 1; number <= this.size; number++) starting.push(this.#startNode(number))
    await Promise.all(starting)
  }

  /** The frame of a node, to write to; it is sent at the end of the tick. */
  frameOf(number: number): FrameWriter {
    const node = this.#nodeOf(number)
    if (!node.isScheduled) {
      node.isScheduled = true
      setImmediate(flush, node)
    }
    return node.frame
  }

  /** The frame of a node, to write to what can wait: it is sent with what comes next, at the latest after {@link waitMs}. To wake a thread is dear. */
  laterFrameOf(number: number): FrameWriter {
    const node = this.#nodeOf(number)
    if (!node.isScheduled) node.later ??= setTimeout(flush, waitMs, node)
    return node.frame
  }

  /**
   * Sends what the frame holds so far, then this. For a worker that is being replaced, questions, reports and limits wait; what concerns
   * connections is told by the owner at the restart.
   */
  control(number: number, message: ControlToWorker): void {
    const node = this.#nodeOf(number)
    flush(node)
    if (node.isReady) node.worker.postMessage(message)
    else if (heldKinds.has(message.kind)) node.held.push(message)
  }

  /** Ends a worker as if it had crashed; it is replaced. For operators' and tests' use. */
  async kill(number: number): Promise<void> {
    const node = this.#nodeOf(number)
    node.isKilled = true
    await node.worker.terminate()
  }

  /** Lets every worker finish what it has been given, then ends it. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#nodes.map((node) => stopNode(node, this.#options.stopTimeoutMs)))
  }

  #nodeOf(number: number): Node {
    const node = this.#nodes[number - 1]
    if (node === undefined) throw new RangeError(`no node ${String(number)}`)
    return node
  }

  #spawn(number: number, underWay: SharedArrayBuffer): Worker {
    const { entry, dataOf, oldGenerationMb } = this.#options
    const old = oldGenerationMb === undefined ? {} : { maxOldGenerationSizeMb: oldGenerationMb }
    return new Worker(entry, {
      workerData: dataOf(number, underWay),
      name: `rpc-${String(number)}`,
      stderr: true,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb, ...old },
    })
  }

  #startNode(number: number): Promise<void> {
    const underWay = newUnderWayMemory()
    const node: Node = {
      number,
      worker: this.#spawn(number, underWay),
      underWay,
      dealtWith: 0,
      isKilled: false,
      frame: newFrameWriter(),
      held: [],
      isScheduled: false,
      later: undefined,
      isReady: false,
      startedAt: monotonicMs(),
      pauseMs: shortestPauseMs,
    }
    this.#nodes[number - 1] = node
    return new Promise((resolve, reject) => {
      this.#listen(node, resolve, reject)
    })
  }

  /** @param onDead called beside the replacement, for a worker that dies while it starts */
  #listen(node: Node, onReady: () => void, onDead: (because: Error) => void): void {
    const { worker, number } = node
    let because = 'it ended'
    worker.on('message', (message: Uint8Array | ControlToMain) => {
      if (message instanceof Uint8Array) {
        this.#listener.onFrame(number, messagesToMain(message))
        noteDealtWith(node, message.length)
      } else if (message.kind === 'ready') {
        node.isReady = true
        onReady()
      } else {
        this.#listener.onControl(number, message)
      }
    })
    worker.stderr.setEncoding('utf8').on('data', (said: string) => {
      this.#listener.onStderr(number, said)
    })
    worker.on('error', (error: Error) => {
      because = error.stack ?? error.message
    })
    worker.on('exit', () => {
      node.isReady = false
      if (this.#isStopping) return
      onDead(new Error(because))
      this.#replace(node, because)
    })
  }

  #replace(node: Node, because: string): void {
    this.#listener.onDeath(node.number, because, { underWay: requestsUnderWay(node.underWay), isAsked: node.isKilled })
    node.pauseMs = monotonicMs() - node.startedAt > healthyMs ? shortestPauseMs : Math.min(longestPauseMs, node.pauseMs * 2)
    setTimeout(() => {
      if (this.#isStopping) return
      // What had been written for the old worker is repeated by the owner.
      node.frame.length = 0
      node.underWay = newUnderWayMemory()
      node.isKilled = false
      node.worker = this.#spawn(node.number, node.underWay)
      node.startedAt = monotonicMs()
      this.#listen(
        node,
        () => {
          this.#listener.onRestart(node.number)
          flush(node)
          for (const message of node.held.splice(0)) node.worker.postMessage(message)
        },
        () => undefined,
      )
    }, node.pauseMs)
  }
}

/** Starts a ring; resolves when every worker is ready. @throws whatever a worker throws while it starts */
export async function startRing(options: RingOptions, listener: RingListener): Promise<Ring> {
  const ring = new Ring(options, listener)
  await ring.start()
  return ring
}

function flush(node: Node): void {
  node.isScheduled = false
  clearTimeout(node.later)
  node.later = undefined
  if (node.frame.length === 0 || !node.isReady) return
  const frame = takeFrame(node.frame)
  node.worker.postMessage(frame, [frame.buffer])
}

/**
 * It is told in the next turn of the event loop: a port hands over up to a thousand messages in one, and what a worker adds meanwhile would be
 * dealt with before anything else.
 */
function noteDealtWith(node: Node, bytes: number): void {
  if (node.dealtWith === 0) setImmediate(tellDealtWith, node, node.underWay)
  node.dealtWith += bytes
}

function tellDealtWith(node: Node, memory: SharedArrayBuffer): void {
  noteTaken(memory, node.dealtWith)
  node.dealtWith = 0
}

async function stopNode(node: Node, timeoutMs: number): Promise<void> {
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
