import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { parseGrants } from '../acl/index.js'
import { type Listener, listenTcp, listenTls, listenWebSocket, type Messenger, newRateGate, startMessenger } from '../broker/index.js'
import { type ControlToMain, ensurePeopleIndex, type Job, type Ring, startRing, variantCount } from '../rpc/index.js'
import { newSharedMemory, openLmdbStore, distrustMemory } from '../store/index.js'
import { count, messengerCounts } from './counting.js'
import { createHttpServer, type HttpServer, type Readiness } from './http.js'
import type { Log } from './log.js'
import { createMetrics, type Metrics } from './metrics.js'
import { openProviders, type Providers } from './open-providers.js'
import type { Options } from './options-table.js'
import { storePath, type WorkerData } from './worker-data.js'

/** The ports in use; `off` for listeners that are not open. */
export interface Ports {
  readonly mqtt: number | 'off'
  readonly ws: number | 'off'
  readonly tls: number | 'off'
  readonly http: number | 'off'
}

/** A server that runs. */
export interface RunningServer {
  readonly ports: Ports
  /** Takes no new connections, finishes what is in flight within the drain timeout, closes everything. */
  stop(): Promise<void>
  /** Ends the worker of a node as if it had crashed; the ring replaces it. */
  killWorker(node: number): Promise<void>
}

const workerEntry = new URL('./worker.js', import.meta.url)
const connectTimeoutMs = 30_000
const clientDrainTimeoutMs = 60_000
const hourSeconds = 3_600

/** Starts everything the options ask for. @throws if the store, a worker or a listener cannot be opened; nothing is left open then */
export async function startServer(options: Options, log: Log): Promise<RunningServer> {
  const metrics = createMetrics()
  const closers: (() => Promise<void> | void)[] = []
  let readiness: Readiness = { kind: 'not-ready', because: 'starting' }
  try {
    warnOfTestNumbers(options, log)
    const http = createHttpServer({ readiness: () => readiness, metrics: metrics.render, metricsContentType: metrics.contentType })
    closers.push(() => http.close())
    const httpPort: number | 'off' = options.httpPort === 'off' ? 'off' : await http.start(options.host, options.httpPort)
    await prepareStore(options, log)
    const { messenger, ring } = await startRpc(options, log, metrics)
    closers.push(() => ring.stop())
    const listeners = await openListeners(options, messenger)
    const ports = { ...portsOf(listeners), http: httpPort }
    readiness = { kind: 'ready' }
    log.info({ event: 'ready', ...ports, nodes: options.nodes, pid: process.pid }, 'ready')
    let stopping: Promise<void> | undefined
    return {
      ports,
      killWorker: (node) => ring.kill(node),
      stop: () =>
        (stopping ??= stop({ listeners, messenger, ring, http, options, log }, () => {
          readiness = { kind: 'not-ready', because: 'draining' }
        })),
    }
  } catch (error) {
    for (const close of closers.reverse()) await close()
    throw error
  }
}

function warnOfTestNumbers({ testNumbers }: Options, log: Log): void {
  if (testNumbers.length > 0) {
    log.warn({ event: 'test-numbers', prefixes: testNumbers }, 'phones with these prefixes log in with the test code: never in production')
  }
}

/** Makes the folder, and lets migrations run once before the workers open the store: of its rows, and of the index people are found by. */
async function prepareStore(options: Options, log: Log): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true })
  const store = await openLmdbStore({ path: storePath(options), inboxLimit: options.inboxEntries })
  try {
    const indexed = await ensurePeopleIndex(store)
    if (indexed !== undefined && indexed > 0)
      log.info({ event: 'people-indexed', rosters: indexed }, 'the index people are found by was made')
  } finally {
    await store.close()
  }
}

async function startRpc(options: Options, log: Log, metrics: Metrics): Promise<{ messenger: Messenger; ring: Ring }> {
  const shared = new SharedArrayBuffer(variantCount * Int32Array.BYTES_PER_ELEMENT)
  const sharedMemory = newSharedMemory()
  const boot = randomUUID()
  const jobs = jobRunner(options, openProviders(options, log), log)
  const admits = admission(options)
  const started: { ring?: Ring } = {}
  const ring = (): Ring => {
    if (started.ring === undefined) throw new Error('the ring has not started')
    return started.ring
  }
  const messenger = await startMessenger(messengerOptions(options), {
    ring,
    variantsInUse: new Int32Array(shared),
    counts: messengerCounts(metrics),
    admits,
    onPerform: (message, node, address) =>
      void jobs(message, address).then((isDone) => ring().control(node, { kind: 'job-ended', id: message.id, isDone })),
    log,
  })
  const running = await startRing(
    {
      size: options.nodes,
      entry: workerEntry,
      dataOf: (node): WorkerData => ({
        node,
        boot,
        variantsInUse: shared,
        sharedMemory,
        options,
        takesLeftovers: started.ring === undefined,
      }),
      stopTimeoutMs: options.drainTimeoutMs + 1_000,
    },
    {
      onFrame: (_node, messages) => {
        messenger.onFrame(messages)
      },
      onControl: (node, message) => {
        if (message.kind === 'counted') count(metrics, message.counts)
        else if (message.kind === 'log') log[message.level](message.fields, message.text)
        else messenger.onControl(node, message)
      },
      onRestart: (node) => {
        log.info({ event: 'worker-restarted', node }, 'a worker was replaced')
        distrustMemory(sharedMemory)
        messenger.onRestart(node)
      },
      onDeath: (node, because) => {
        // It may have committed without saying so: nothing anybody remembers counts any more.
        distrustMemory(sharedMemory)
        metrics.workerRestarts.inc()
        log.error({ event: 'worker-died', node, because }, 'a worker died; it is being replaced')
      },
    },
  )
  started.ring = running
  return { messenger, ring: running }
}

function messengerOptions(options: Options): Parameters<typeof startMessenger>[0] {
  const { publishesPerSecond } = options
  return {
    maxConnections: options.maxConnections,
    maxPacketBytes: options.maxPacketBytes,
    maxPayloadBytes: options.maxPayloadBytes,
    windowSize: options.inflightWindow,
    drainTimeoutMs: clientDrainTimeoutMs,
    connectTimeoutMs,
    publishRate: publishesPerSecond === 'off' ? 'off' : { perSecond: publishesPerSecond, burst: publishesPerSecond },
    grants: parseGrants(options.grants.join('\n')).grants,
  }
}

function admission({ connectsPerSecond, connectsBurst }: Options): (address: string) => Promise<boolean> {
  const gate = newRateGate(
    connectsPerSecond === 'off' ? 'off' : { points: connectsBurst, seconds: Math.max(1, Math.round(connectsBurst / connectsPerSecond)) },
  )
  return (address) => gate.take(address)
}

/** Performs jobs of the outbox: resolves to whether the provider accepted. Codes asked for from one address are limited. */
function jobRunner(
  { registrationsPerHour }: Options,
  { sms, voice, email }: Providers,
  log: Log,
): (message: ControlToMain & { kind: 'perform' }, address: string | undefined) => Promise<boolean> {
  const gate = newRateGate(registrationsPerHour === 'off' ? 'off' : { points: registrationsPerHour, seconds: hourSeconds })
  const perform = (job: Job): Promise<void> => {
    switch (job.kind) {
      case 'sms':
        return sms.send(job.phone, job.text, job.code)
      case 'voice':
        return voice.call(job.phone, job.code, job.language)
      case 'email':
        return email.send(job.to, job.subject, job.text)
    }
  }
  return async ({ job }, address) => {
    if (address !== undefined && !(await gate.take(address))) {
      log.warn({ event: 'registrations-limited', address }, 'too many codes asked for from one address')
      return false
    }
    try {
      await perform(job)
      return true
    } catch (error) {
      log.warn({ event: 'provider-outage', channel: job.kind, err: error }, 'a code could not be sent')
      return false
    }
  }
}

type Listeners = Partial<Record<'mqtt' | 'ws' | 'tls', Listener>>

async function openListeners(options: Options, messenger: Messenger): Promise<Listeners> {
  const { host, mqttPort, wsPort, tlsPort, tlsKey, tlsCert, maxPacketBytes, trustProxy } = options
  const opened: Listeners = {}
  try {
    if (mqttPort !== 'off') opened.mqtt = await listenTcp({ host, port: mqttPort }, messenger.serve)
    if (tlsPort !== 'off' && tlsKey !== undefined && tlsCert !== undefined) {
      opened.tls = await listenTls({ host, port: tlsPort }, { key: readFileSync(tlsKey), cert: readFileSync(tlsCert) }, messenger.serve)
    }
    if (wsPort !== 'off') opened.ws = await listenWebSocket({ host, port: wsPort }, { maxPacketBytes, trustProxy }, messenger.serve)
    return opened
  } catch (error) {
    await closeListeners(opened)
    throw error
  }
}

async function closeListeners(listeners: Listeners): Promise<void> {
  await Promise.all(Object.values(listeners).map((listener) => listener.close()))
}

function portsOf({ mqtt, ws, tls }: Listeners): Omit<Ports, 'http'> {
  return { mqtt: mqtt?.port ?? 'off', ws: ws?.port ?? 'off', tls: tls?.port ?? 'off' }
}

interface Parts {
  readonly listeners: Listeners
  readonly messenger: Messenger
  readonly ring: Ring
  readonly http: HttpServer
  readonly options: Options
  readonly log: Log
}

async function stop({ listeners, messenger, ring, http, options, log }: Parts, onDraining: () => void): Promise<void> {
  onDraining()
  log.info({ event: 'draining', connections: messenger.connectionCount }, 'draining')
  await closeListeners(listeners)
  await messenger.drain(options.drainTimeoutMs)
  await ring.stop()
  await http.close()
  log.info({ event: 'stopped' }, 'stopped')
}
