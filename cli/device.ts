import { readFileSync } from 'node:fs'
import mqtt, { type MqttClient } from 'mqtt'
import {
  type AnyRecord,
  decodePush,
  encode,
  type Encoding,
  errorCodeOf,
  type Io,
  isTuple,
  type Profile,
  record,
} from '../protocol/index.js'
import { isBelieved } from './believed.js'
import { Complaint, exitCodes } from './complaint.js'
import { connectFaultInWords } from './connect-fault.js'

/** One delivery; `record` is null if the payload is none. */
export interface Push {
  readonly topic: string
  readonly payload: Uint8Array
  readonly record: AnyRecord | null
  /** Whether it came where one who says that may say it; else it is shown, and not acted on. */
  readonly isBelieved: boolean
}

/** The server has refused a question: its code, and what came with it. */
export interface Refused {
  readonly kind: 'refusal'
  readonly code: string
  readonly data: Io['data']
}

/** What a question came to: the record that answers it, or the refusal. */
export type Reply = { readonly kind: 'answer'; readonly record: AnyRecord } | Refused

/** What happens to a device without being asked for. */
export interface DeviceListener {
  onPush?(push: Push): void
  /** The connection is lost; it is tried again, after pauses that grow. */
  onLost?(): void
  /** Connected again; what was asked before has got no answer. */
  onBack?(profile: Profile): void
  /** The server has renewed the token. */
  onToken?(token: string): void
  /** The server does not let the device in any more, and says why; nothing is tried again. */
  onBarred?(because: Complaint): void
}

/** How a device connects. */
export interface DeviceOptions extends Encoding {
  readonly server: string
  /** File with the certificates that are trusted instead of those the machine trusts. */
  readonly ca?: string | undefined
  readonly clientId: string
  /** None while registering. */
  readonly token: string | undefined
  /** Whether a lost connection is tried again; else it ends what is being asked. */
  readonly isPersistent: boolean
}

/** A connected client of the server. */
export interface Device {
  /** As it came with the connection; undefined while registering. */
  readonly profile: Profile | undefined
  readonly isConnected: boolean
  /**
   * Sends a request and waits for the record that answers it. Answers carry no request id (rpc.md 3), so questions are asked one at a time
   * and the first refusal that comes is that of the question.
   * @throws Complaint if the connection is lost or the answer does not come within 10 s
   */
  ask(request: AnyRecord, isAnswer: (record: AnyRecord) => boolean): Promise<Reply>
  /** Sends a request and takes every record that `pick` knows until the server has answered all of it. Throws as `ask`. */
  collect<T>(request: AnyRecord, pick: (record: AnyRecord) => T | undefined): Promise<readonly T[] | Refused>
  /** Sends a request that has no answer, if there is a connection. */
  tell(request: AnyRecord): void
  /** Disconnects in order. */
  close(): Promise<void>
}

const answerTimeoutMs = 10_000
const closeWithinMs = 2_000
const shortestPauseMs = 1_000
const longestPauseMs = 10_000
const requestTopic = 'events/1//api/anon//'
/** MQTT 3.1.1, 3.2.2.3: the one refusal that will pass. */
const serverUnavailable = 3

interface Question {
  readonly onRecord: (record: AnyRecord) => void
  readonly fail: (complaint: Complaint) => void
}

interface Connection {
  readonly options: DeviceOptions
  readonly listener: DeviceListener
  readonly client: MqttClient
  question: Question | undefined
  /** The end of the line of questions. */
  line: Promise<unknown>
  profile: Profile | undefined
  /** Whether the server has greeted this connection: a registration with vnode_max, a device with its Profile. */
  isGreeted: boolean
  isClosing: boolean
}

/** Connects, and waits until the server has greeted. @throws Complaint if there is no server, or it refuses the device */
export async function connectDevice(options: DeviceOptions, listener: DeviceListener = {}): Promise<Device> {
  const connection: Connection = {
    options,
    listener,
    client: open(options),
    question: undefined,
    line: Promise.resolve(),
    profile: undefined,
    isGreeted: false,
    isClosing: false,
  }
  await greeted(connection)
  if (options.isPersistent) keepTrying(connection.client)
  return {
    get profile() {
      return connection.profile
    },
    get isConnected() {
      return connection.isGreeted
    },
    ask: (request, isAnswer) =>
      inLine(connection, [request], (one): Reply | undefined => {
        const refusal = refusalIn(one)
        if (refusal !== undefined) return refusal
        return isAnswer(one) ? { kind: 'answer', record: one } : undefined
      }),
    collect: (request, pick) => collect(connection, request, pick),
    tell(request) {
      if (connection.isGreeted) publish(connection, request)
    },
    async close() {
      connection.isClosing = true
      await endInTime(connection.client)
    },
  }
}

/** In order; a server that leaves a publish without acknowledgement is not waited for long. */
async function endInTime(client: MqttClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      client.stream.destroy()
      resolve()
    }, closeWithinMs)
  })
  await Promise.race([client.endAsync(), late])
  clearTimeout(timer)
}

function open({ server, ca, clientId, token, dialect }: DeviceOptions): MqttClient {
  if (!schemes.test(server)) throw badAddress(server, 'it begins with mqtt://, mqtts://, ws:// or wss://')
  const trusted = ca === undefined ? {} : { ca: readCertificates(ca) }
  try {
    return mqtt.connect(server, {
      clientId,
      username: 'api',
      ...trusted,
      ...(token === undefined ? {} : { password: token }),
      clean: token === undefined,
      protocolVersion: 4,
      keepalive: 30,
      connectTimeout: answerTimeoutMs,
      reconnectPeriod: 0,
      // or the first refusal would be the last attempt; what is final is told apart below
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.alloc(0), qos: 0, retain: false },
    })
  } catch (error) {
    throw badAddress(server, (error as Error).message)
  }
}

/** @throws Complaint unless the file holds certificates: else nobody would be trusted, and the server blamed */
function readCertificates(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Complaint(exitCodes.usage, `--ca ${path} cannot be read: ${(error as Error).message}`)
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new Complaint(exitCodes.usage, `--ca ${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`)
}

/** A lost connection is tried again, at first soon, then less often, and not by all clients in the same moment. */
function keepTrying(client: MqttClient): void {
  let attempts = 0
  const pause = (): void => {
    client.options.reconnectPeriod = Math.min(longestPauseMs, shortestPauseMs * 2 ** attempts++) * (0.5 + Math.random() / 2)
  }
  pause()
  // the pause after this attempt, should it fail too
  client.on('reconnect', pause)
  client.on('connect', () => {
    attempts = 0
    pause()
  })
}

const schemes = /^(mqtt|ws)s?:\/\/[^/]/

function badAddress(server: string, because: string): Complaint {
  return new Complaint(exitCodes.usage, `${server} is no address of a server, write it as mqtt://127.0.0.1:1883 (${because})`)
}

/** Resolves at the first greeting, and from then on looks after everything that comes. */
function greeted(connection: Connection): Promise<void> {
  const { client, options, listener } = connection
  return new Promise((resolve, reject) => {
    let isFirst = true
    let firstBytes: Uint8Array = new Uint8Array()
    client.stream.prependOnceListener('data', (bytes: Uint8Array) => (firstBytes = bytes))
    // The library passes on only those that have a name.
    let lastError = new Error('it closed the connection')
    client.stream.on('error', (error: Error) => (lastError = error))
    const fail = (complaint: Complaint): void => {
      clearTimeout(timer)
      client.end(true)
      reject(complaint)
    }
    const timer = setTimeout(() => {
      fail(away(options.server, 'it does not answer'))
    }, answerTimeoutMs)
    client.on('message', (topic, payload) => {
      const push = pushOf(topic, payload, options)
      receive(connection, push, () => {
        if (!isFirst && connection.profile !== undefined) listener.onBack?.(connection.profile)
        isFirst = false
        clearTimeout(timer)
        resolve()
      })
    })
    client.on('error', (error) => {
      if (isFirst) fail(complaintAbout(error, options, firstBytes))
      else if (isFinal(error)) {
        client.end(true)
        listener.onBarred?.(complaintAbout(error, options))
      }
    })
    client.on('close', () => {
      const wasGreeted = connection.isGreeted
      connection.isGreeted = false
      connection.question?.fail(away(options.server, 'the connection was lost'))
      if (isFirst) fail(complaintAbout(lastError, options, firstBytes))
      else if (wasGreeted && !connection.isClosing) listener.onLost?.()
    })
  })
}

function pushOf(topic: string, payload: Uint8Array, { dialect, clientId }: DeviceOptions): Push {
  const decoded = decodePush(payload, dialect)
  if (decoded.kind === 'refusal') return { topic, payload, record: null, isBelieved: false }
  return { topic, payload, record: decoded.record, isBelieved: isBelieved(decoded.record, topic, clientId) }
}

function receive(connection: Connection, push: Push, onGreeting: () => void): void {
  const received = push.isBelieved ? push.record : null
  const token = received === null ? undefined : loginIn(received)?.token
  if (token !== undefined && connection.options.token !== undefined) {
    connection.client.options.password = token
    connection.listener.onToken?.(token)
  }
  if (received !== null && !connection.isGreeted && isGreeting(connection, received)) {
    connection.isGreeted = true
    if (received.tag === 'Profile') connection.profile = received
    onGreeting()
  }
  connection.listener.onPush?.(push)
  if (received !== null) connection.question?.onRecord(received)
}

function isGreeting({ options }: Connection, received: AnyRecord): boolean {
  return options.token === undefined ? received.tag === 'vnode_max' : received.tag === 'Profile' && received.status === 'init'
}

/** The client id and token of `{io,{ok2,login,{ClientId,Token}},<<>>}`. */
export function loginIn(received: AnyRecord): { readonly clientId: string; readonly token: string } | undefined {
  if (received.tag !== 'io' || received.code === null || typeof received.code !== 'object' || !('tag' in received.code)) return undefined
  const { code } = received
  if (code.tag !== 'ok2' || code.code !== 'login' || !isTuple(code.src)) return undefined
  const [clientId, token] = code.src.tuple
  return typeof clientId === 'string' && typeof token === 'string' ? { clientId, token } : undefined
}

function refusalIn(received: AnyRecord): Refused | undefined {
  const code = errorCodeOf(received)
  return code === null ? undefined : { kind: 'refusal', code, data: received.tag === 'io' ? received.data : null }
}

function publish({ client, options }: Connection, request: AnyRecord): void {
  // A lost connection ends the question, and mqtt hands the packet over again: what is left of its fate does not concern us.
  client.publish(requestTopic, Buffer.from(encode(request, options)), { qos: 2 }, () => undefined)
}

function inLine<T>(connection: Connection, requests: readonly AnyRecord[], step: (record: AnyRecord) => T | undefined): Promise<T> {
  const answered = connection.line.then(() => question(connection, requests, step))
  connection.line = answered.catch(() => undefined)
  return answered
}

function question<T>(connection: Connection, requests: readonly AnyRecord[], step: (record: AnyRecord) => T | undefined): Promise<T> {
  const { server } = connection.options
  if (!connection.isGreeted) return Promise.reject(away(server, 'the connection was lost'))
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      connection.question?.fail(away(server, 'it did not answer within 10 s'))
    }, answerTimeoutMs)
    const settle = (): void => {
      clearTimeout(timer)
      connection.question = undefined
    }
    connection.question = {
      onRecord(received) {
        const result = step(received)
        if (result === undefined) return
        settle()
        resolve(result)
      },
      fail(complaint) {
        settle()
        reject(complaint)
      },
    }
    for (const request of requests) publish(connection, request)
  })
}

/** INIT follows the request: requests of one device are answered in order, so its answer ends the request's own. */
async function collect<T>(
  connection: Connection,
  request: AnyRecord,
  pick: (record: AnyRecord) => T | undefined,
): Promise<readonly T[] | Refused> {
  const found: T[] = []
  let refusal: Refused | undefined
  return inLine(connection, [request, record('init', { token: '' })], (one) => {
    const picked = pick(one)
    if (picked !== undefined) found.push(picked)
    refusal ??= refusalIn(one)
    return isInitAnswer(one) ? (refusal ?? found) : undefined
  })
}

function isInitAnswer(received: AnyRecord): boolean {
  return (
    received.tag === 'io' &&
    received.data !== null &&
    typeof received.data === 'object' &&
    'tag' in received.data &&
    received.data.tag === 'Token'
  )
}

function away(server: string, because: string): Complaint {
  return new Complaint(exitCodes.away, `No answer from ${server}: ${because}. Is the server running? Start one with: nynja serve`)
}

/** Whether it is a refusal that stands however often one asks. */
function isFinal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number' && error.code !== serverUnavailable
}

function complaintAbout(error: Error, { server, clientId }: DeviceOptions, firstBytes: Uint8Array = new Uint8Array()): Complaint {
  if (isFinal(error)) {
    const advice = 'Register again: nynja register <phone>, with the same --profile'
    return new Complaint(exitCodes.account, `${server} does not know this device (${clientId}), or its token is void. ${advice}`)
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const words = connectFaultInWords({ server, code, message: error.message, firstBytes })
  return words === undefined ? away(server, code ?? error.message) : new Complaint(exitCodes.away, `Cannot talk to ${server}: ${words}`)
}
