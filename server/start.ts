import { randomUUID } from 'node:crypto'
import { parseGrants } from '../acl/index.js'
import {
  type ArrivalHall,
  type ConnectionGate,
  type ListenAddress,
  type Listener,
  listenTcp,
  listenTls,
  listenWebSocket,
  type Messenger,
  type Places,
  startMessenger,
  type TlsListener,
  type TlsPair,
  TransferSockets,
} from '../broker/index.js'
import { listenToCluster, openPlain } from './open-cluster.js'
import {
  type ControlToMain,
  type Ring,
  type RingListener,
  type ServerPort,
  type WorkerResource,
  startRing,
  variantCount,
} from '../rpc/index.js'
import { newSharedMemory, distrustMemory } from '../store/index.js'
import { count, messengerCounts } from './counting.js'
import { makeDataFolder } from './data-folder.js'
import { type Exhaustion, newExhaustion } from './exhaustion.js'
import { type Exposed, exposure } from './exposure.js'
import type { Readiness } from './http.js'
import { lockFolder } from './folder-lock.js'
import type { Log } from './log.js'
import { thisMachine } from './machine.js'
import { createMetrics, type Metrics } from './metrics.js'
import { filesUrl, openStorage } from './open-files.js'
import { type Closer, openPages } from './open-pages.js'
import { type Live, newPlaces } from './open-places.js'
import { prepareStore, redisPlace } from './open-store.js'
import { newProviderWatch } from './provider-watch.js'
import { openProviders } from './open-providers.js'
import type { Options } from './options-table.js'
import { type SchemaPage, schemaPages } from './schema-pages.js'
import type { Ports } from './ports.js'
import { planReload, type Reload } from './reload.js'
import { serverVersion } from './version.js'
import { listening, StartProblem } from './start-problem.js'
import { readTlsPair } from './tls-pair.js'
import { newRingToCome } from './ring-to-come.js'
import { newTaskRunner } from './task-runner.js'
import { newTurnedAwayLog, type TurnedAwayLog } from './turned-away-log.js'
import { gateOf, type MachineWatch, watchMachine } from './watch-machine.js'
import { rpcLimits, storePath, type WorkerData } from './worker-data.js'

/** A server that runs. */
export interface RunningServer {
  readonly ports: Ports
  /** Takes no new connections, finishes what is in flight within the drain timeout, closes everything. */
  stop(): Promise<void>
  /** Whoever stops it waits no longer than {@link hurryMs} from now. */
  hurry(): void
  /**
   * Takes options that have been read again as far as they may change while it runs, and reads key and certificate of TLS again.
   * @throws StartProblem if these cannot be used; then nothing has changed
   */
  reload(options: Options): Pick<Reload, 'changed' | 'later'>
  /** Ends the worker of a node as if it had crashed; the ring replaces it. */
  killWorker(node: number): Promise<void>
}

const workerEntry = new URL('./worker.js', import.meta.url)
const clientDrainTimeoutMs = 60_000
const idleTransferMs = 120_000
const lookEveryMs = 1_000
const hurryMs = 2_000

/** Starts everything the options ask for. @throws if the store, a worker or a listener cannot be opened; none is left open then */
export async function startServer(options: Options, log: Log): Promise<RunningServer> {
  const live: Live = { options }
  const metrics = createMetrics()
  const closers: Closer[] = []
  let readiness: Readiness = { kind: 'not-ready', because: 'starting' }
  const exhaustion = newExhaustion(log, metrics)
  const turnedAway = newTurnedAwayLog(log)
  const machine = watchMachine({
    ...{ machine: thisMachine, exhaustion, log, maxConnections: options.maxConnections },
    onRefused: (because) => {
      metrics.refusedConnections.inc({ because })
    },
  })
  try {
    makeDataFolder(options.dataDir)
    warnOfTestNumbers(options, log)
    const { storage } = await openStorage(options, filesListener(log))
    let schemas: ReadonlyMap<string, SchemaPage> | undefined = undefined
    const pages = {
      readiness: () => (readiness.kind === 'ready' ? exhaustion.readiness() : readiness),
      metrics,
      schemas: () => schemas,
      files: storage,
      turnedAway,
      machine,
    }
    const { adminPort, httpPort } = await openPages(options, pages, closers)
    if (redisPlace(options) === null) closers.push(await lockFolder(storePath(options)))
    await prepareStore(options, log, (because) => {
      readiness = { kind: 'not-ready', because }
    })
    const places = newPlaces(live, { machine, metrics, exhaustion, turnedAway })
    const rpc = await startRpc(live, log, { metrics, exhaustion, places, filesUrl: filesUrl(options, httpPort) })
    const { messenger, transfers, ring } = rpc
    closers.push(() => rpc.stop())
    const listeners = await openListeners(options, { messenger, transfers, places, gate: gateOf(machine, 'client') })
    closers.push(lookRegularly({ machine, places, turnedAway, exhaustion, messenger, live }))
    machine.opened()
    const ports = { ...portsOf(listeners), http: httpPort, admin: adminPort }
    schemas = schemaPages(serverVersion(), openPorts(ports))
    readiness = { kind: 'ready' }
    warnOfOpenness({ ...options, ports }, log)
    log.info({ event: 'ready', ...ports, nodes: options.nodes, pid: process.pid }, 'ready')
    let stopping: Promise<void> | undefined
    const hurry = newHurry()
    return {
      ports,
      killWorker: (node) => ring.kill(node),
      stop: () =>
        (stopping ??= stop({ listeners, messenger, transfers, closers, options: live.options, log, hurry }, () => {
          readiness = { kind: 'not-ready', because: 'draining' }
        })),
      hurry: hurry.begin,
      reload: (asked) => reload(live, asked, { listeners, ring, log }),
    }
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

/** Below this share of the connections allowed there is room again. */
const enoughShare = 0.99

interface LookedAt {
  readonly machine: MachineWatch
  readonly places: Places
  readonly turnedAway: TurnedAwayLog
  readonly exhaustion: Exhaustion
  readonly messenger: Messenger
  readonly live: Live
}

/** @returns what ends it */
function lookRegularly({ machine, places, turnedAway, exhaustion, messenger, live }: LookedAt): () => void {
  const timer = setInterval(() => {
    machine.look()
    places.sweep()
    turnedAway.tell()
    if (messenger.connectionCount < live.options.maxConnections * enoughShare) exhaustion.end('connections')
  }, lookEveryMs)
  return () => {
    clearInterval(timer)
  }
}

/** The main thread only reads files; it forwards none. */
function filesListener(log: Log): Parameters<typeof openStorage>[1] {
  return { onOutage: (err) => log.warn({ err }, 'the files cannot be reached'), onFault: (err) => log.error({ err }, 'fault') }
}

function warnOfTestNumbers({ testNumbers }: Options, log: Log): void {
  if (testNumbers.length > 0) {
    log.warn({ event: 'test-numbers', prefixes: testNumbers }, 'phones with these prefixes log in with the test code: never in production')
  }
}

function warnOfOpenness(exposed: Exposed, log: Log): void {
  const text = exposure(exposed)
  if (text !== undefined) log.warn({ event: 'open' }, text)
}

interface Rpc {
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly ring: Ring
  readonly stop: () => Promise<void>
}

interface RpcWorld {
  readonly metrics: Metrics
  readonly exhaustion: Exhaustion
  readonly places: Places
  readonly filesUrl: string | null
}

async function startRpc(live: Live, log: Log, { metrics, exhaustion, places, filesUrl }: RpcWorld): Promise<Rpc> {
  const { options } = live
  const variantsInUse = new SharedArrayBuffer(variantCount * Int32Array.BYTES_PER_ELEMENT)
  const sharedMemory = newSharedMemory()
  const boot = randomUUID()
  const runTask = newTaskRunner(openProviders(options, log), newProviderWatch(exhaustion, log))
  const ring = newRingToCome()
  const counts = messengerCounts(metrics)
  const transfers = new TransferSockets({ ring: ring.now, places, counts, log, idleMs: idleTransferMs })
  const plain = await openPlain(options, boot, log)
  const messenger = await startMessenger(messengerOptions(live), {
    ring: ring.now,
    variantsInUse: new Int32Array(variantsInUse),
    counts,
    places,
    onPerform: (message, node) =>
      // What an earlier start has left is performed while the last workers are still starting.
      void Promise.all([runTask(message), ring.started]).then(([end, workers]) => {
        workers.control(node, { kind: 'job-ended', id: message.id, end })
      }),
    log,
    plain,
  })
  const bus = await listenToCluster(options, { boot, messenger, log })
  const running = await startRing(
    {
      size: options.nodes,
      entry: workerEntry,
      dataOf: (node, underWay): WorkerData => ({ node, boot, variantsInUse, sharedMemory, underWay, options: live.options, filesUrl }),
      stopTimeoutMs: options.drainTimeoutMs + 1_000,
    },
    ringListener({ messenger, transfers, exhaustion, metrics, log, sharedMemory }),
  )
  ring.has(running)
  const stop = async (): Promise<void> => {
    await running.stop()
    bus?.close()
    plain?.mq.close(() => undefined)
  }
  return { messenger, transfers, ring: running, stop }
}

interface RingWorld extends Pick<RpcWorld, 'metrics' | 'exhaustion'> {
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly log: Log
  readonly sharedMemory: SharedArrayBuffer
}

/** What the workers tell goes to whom it concerns. */
function ringListener({ messenger, transfers, exhaustion, metrics, log, sharedMemory }: RingWorld): RingListener {
  return {
    onFrame: (_node, messages) => {
      messenger.onFrame(messages)
    },
    onControl: (node, message) => {
      if (message.kind === 'counted') count(metrics, message.counts, node)
      else if (message.kind === 'log') log[message.level](message.fields, message.text)
      else if (message.kind === 'exhausted') noteExhausted(exhaustion, node, message)
      else if (message.kind === 'transfer-result') transfers.onResult(message)
      else messenger.onControl(node, message)
    },
    onRestart: (node) => {
      log.info({ event: 'worker-restarted', node }, 'a worker was replaced')
      // What its predecessor has told is over; it has found the store to be there.
      for (const resource of workerResources) exhaustion.end(resource, String(node))
      distrustMemory(sharedMemory)
      messenger.onRestart(node)
    },
    onStderr: (node, said) => {
      log.warn({ event: 'stderr', node, said }, 'a library has written to stderr')
    },
    onDeath: (node, because, death) => {
      // It may have committed without saying so: nothing anybody remembers counts any more.
      distrustMemory(sharedMemory)
      transfers.onDeath(node)
      messenger.onDeath(node, death)
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

function messengerOptions(live: Live): Parameters<typeof startMessenger>[0] {
  const { options } = live
  return {
    maxPacketBytes: options.maxPacketBytes,
    maxPayloadBytes: options.maxPayloadBytes,
    windowSize: options.inflightWindow,
    queueLimit: options.inboxEntries,
    ...(redisPlace(options) === null ? {} : { drainRate: options.drainRate }),
    drainTimeoutMs: clientDrainTimeoutMs,
    connectTimeoutMs: options.connectDeadlineMs,
    connectPatienceMs: options.requestDeadlineMs,
    get publishRate() {
      const { publishesPerSecond } = live.options
      return publishesPerSecond === 'off' ? 'off' : { perSecond: publishesPerSecond, burst: publishesPerSecond }
    },
    grants: parseGrants(options.grants.join('\n')).grants,
  }
}

type Listeners = Partial<Record<'mqtt' | 'ws', Listener> & { tls: TlsListener }>

interface Served {
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly places: Places
  readonly gate: ConnectionGate
}

async function openListeners(options: Options, { messenger, transfers, places, gate }: Served): Promise<Listeners> {
  const { host, mqttPort, wsPort, tlsPort, tlsKey, tlsCert, maxPacketBytes, trustProxy, proxyProtocol: isProxied } = options
  const opened: Listeners = {}
  const hall: ArrivalHall = { places, connectDeadlineMs: options.connectDeadlineMs }
  const at = (port: number): ListenAddress => ({ host, port, isProxied, gate })
  try {
    if (mqttPort !== 'off') opened.mqtt = await listening(listenTcp(at(mqttPort), hall, messenger.serve), 'NYNJA_MQTT_PORT', at(mqttPort))
    const pair = tlsPort === 'off' ? undefined : tlsPairOf({ tlsKey, tlsCert })
    if (tlsPort !== 'off' && pair !== undefined) {
      opened.tls = await listening(listenTls(at(tlsPort), pair, hall, messenger.serve), 'NYNJA_TLS_PORT', at(tlsPort))
    }
    if (wsPort !== 'off') {
      const opening = listenWebSocket(at(wsPort), { maxPacketBytes, trustProxy }, hall, messenger.serve, transfers.serve)
      opened.ws = await listening(opening, 'NYNJA_WS_PORT', at(wsPort))
    }
    return opened
  } catch (error) {
    await closeListeners(opened)
    throw error
  }
}

/** @throws StartProblem if there is a pair and it cannot be used */
function tlsPairOf(options: Pick<Options, 'tlsKey' | 'tlsCert'>): TlsPair | undefined {
  const read = readTlsPair(options)
  if (read.kind === 'problem') throw new StartProblem(read.problems.join('; '), { isOfOptions: true })
  return read.kind === 'none' ? undefined : read.pair
}

interface ReloadWorld extends Pick<Rpc, 'ring'> {
  readonly listeners: Listeners
  readonly log: Log
}

function reload(live: Live, asked: Options, { listeners: { tls }, ring, log }: ReloadWorld): Pick<Reload, 'changed' | 'later'> {
  const { options, changed, later } = planReload(live.options, asked, tls !== undefined)
  const pair = tls === undefined ? undefined : tlsPairOf(options)
  if (pair !== undefined) tls?.renew(pair)
  live.options = options
  log.level = options.logLevel
  for (let node = 1; node <= options.nodes; node++) ring.control(node, { kind: 'limits', limits: rpcLimits(options) })
  return { changed, later }
}

async function closeListeners(listeners: Listeners): Promise<void> {
  await Promise.all(Object.values(listeners).map((listener) => listener.close()))
}

function portsOf({ mqtt, ws, tls }: Listeners): Omit<Ports, 'http' | 'admin'> {
  return { mqtt: mqtt?.port ?? 'off', ws: ws?.port ?? 'off', tls: tls?.port ?? 'off' }
}

function openPorts(ports: Ports): readonly ServerPort[] {
  return (['mqtt', 'ws', 'tls'] as const).flatMap((name): ServerPort[] => {
    const port = ports[name]
    return port === 'off' ? [] : [{ name, port }]
  })
}

async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of [...closers].reverse()) await close()
}

interface Parts {
  readonly listeners: Listeners
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  /** What is to be closed once nothing is in flight, the last one first. */
  readonly closers: readonly Closer[]
  readonly options: Options
  readonly log: Log
  readonly hurry: Hurry
}

/** What whoever waits for an orderly end also waits for. */
interface Hurry {
  begin(): void
  /** Resolves when the end is to be hurried. */
  readonly begun: Promise<void>
  /** Resolves when it has been waited for long enough all the same. */
  readonly over: Promise<void>
}

function newHurry(): Hurry {
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const over = begun.then(() => new Promise<void>((resolve) => setTimeout(resolve, hurryMs)))
  return { begin, begun, over }
}

async function stop({ listeners, messenger, transfers, closers, options, log, hurry }: Parts, onDraining: () => void): Promise<void> {
  onDraining()
  log.info({ event: 'draining', connections: messenger.connectionCount }, 'draining')
  await closeListeners(listeners)
  transfers.close()
  await Promise.race([messenger.drain(options.drainTimeoutMs), hurry.begun])
  // What has been acknowledged is stored: whatever is cut off here, a crash would cut off as well.
  await Promise.race([closeAll(closers), hurry.over])
  log.info({ event: 'stopped' }, 'stopped')
}
