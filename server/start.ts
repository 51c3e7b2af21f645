import type { Places, TransferSockets } from '../broker/index.js'
import type { Delivery } from '../delivery/index.js'
import { makeDataFolder } from './data-folder.js'
import { type Exhaustion, newExhaustion } from './exhaustion.js'
import { type Exposed, exposure } from './exposure.js'
import { lockFolder } from './folder-lock.js'
import type { Readiness } from './http.js'
import type { Log } from './log.js'
import { thisMachine } from './machine.js'
import { createMetrics } from './metrics.js'
import { filesUrl, openStorage } from './open-files.js'
import { closeListeners, type Listeners, openListeners, openPorts, portsOf, tlsPairOf } from './open-listeners.js'
import { type Closer, openPages } from './open-pages.js'
import { type Live, newPlaces } from './open-places.js'
import { prepareStore, redisPlace } from './open-store.js'
import type { Options } from './options-table.js'
import type { Ports } from './ports.js'
import { planReload, type Reload } from './reload.js'
import { type SchemaPage, schemaPages } from './schema-pages.js'
import { type Rpc, startRpc } from './start-rpc.js'
import { newTurnedAwayLog, type TurnedAwayLog } from './turned-away-log.js'
import { serverVersion } from './version.js'
import { gateOf, type MachineWatch, watchMachine } from './watch-machine.js'
import { rpcLimits, storePath } from './worker-data.js'

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
    const { delivery, messenger, transfers, core, ring } = rpc
    closers.push(() => rpc.stop())
    const listeners = await openListeners(options, { messenger, transfers, core, places, gate: gateOf(machine, 'client') })
    closers.push(lookRegularly({ machine, places, turnedAway, exhaustion, connections: delivery.connections, live }))
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
        (stopping ??= stop({ listeners, delivery, transfers, closers, options: live.options, log, hurry }, () => {
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
  readonly connections: Delivery['connections']
  readonly live: Live
}

/** @returns what ends it */
function lookRegularly({ machine, places, turnedAway, exhaustion, connections, live }: LookedAt): () => void {
  const timer = setInterval(() => {
    machine.look()
    places.sweep()
    turnedAway.tell()
    if (connections.byNumber.size < live.options.maxConnections * enoughShare) exhaustion.end('connections')
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

async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of [...closers].reverse()) await close()
}

interface Parts {
  readonly listeners: Listeners
  readonly delivery: Delivery
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

async function stop({ listeners, delivery, transfers, closers, options, log, hurry }: Parts, onDraining: () => void): Promise<void> {
  onDraining()
  log.info({ event: 'draining', connections: delivery.connections.byNumber.size }, 'draining')
  await closeListeners(listeners)
  transfers.close()
  await Promise.race([delivery.drain(options.drainTimeoutMs), hurry.begun])
  // What has been acknowledged is stored: whatever is cut off here, a crash would cut off as well.
  await Promise.race([closeAll(closers), hurry.over])
  log.info({ event: 'stopped' }, 'stopped')
}
