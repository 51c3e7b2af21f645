import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { newMailbox } from './mailbox.js'

/** A line of the server's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A server in a process of its own, with a store in a temporary folder, on free ports of the loopback. */
export interface WireServer {
  readonly mqtt: number
  readonly ws: number
  readonly tls: number
  readonly http: number
  /** Open where `http` is. */
  readonly admin: number
  readonly pid: number
  /** Where its data are. */
  readonly folder: string
  /** What it has written to stderr so far. */
  readonly stderr: string
  /** The lines of its log that no test has taken. */
  readonly unread: readonly LogLine[]
  /** Waits for the log line of that event. */
  logged(event: string): Promise<LogLine>
  signal(signal: NodeJS.Signals): void
  /** Resolves to the exit code; null if a signal ended it. */
  readonly exited: Promise<number | null>
  /** Ends the server in order, whatever state it is in, and removes its folder. */
  close(): Promise<void>
}

const main = fileURLToPath(new URL('../../server/main.js', import.meta.url))

export const testCode = '481516'

/** A busy machine is no reason to refuse a request, or to cut a drain short, unless a test is about that. */
export const patientEnvironment = { NYNJA_REQUEST_DEADLINE_MS: '120000', NYNJA_DRAIN_TIMEOUT_MS: '60000' } as const

/** Where `NYNJA_TEST_STORE` names a Redis, every server keeps its things there, under a prefix of its own. */
function storeEnvironment(folder: string): Record<string, string> {
  const store = process.env['NYNJA_TEST_STORE']
  return store === undefined ? {} : { NYNJA_STORE: store, NYNJA_REDIS_PREFIX: `${basename(folder)}:` }
}

export interface Start {
  /** What starts it: a command and its arguments, to which the server is added. @param folder where its data are */
  readonly before?: (folder: string) => readonly string[]
  /** Flags of the server. */
  readonly args?: readonly string[]
}

const none = (): readonly string[] => []

/** Starts a server; phones that begin with 38067 log in with `testCode`. @param env further `NYNJA_…` variables */
export async function startWireServer(
  env: Readonly<Record<string, string>> = {},
  { before = none, args: flags = [] }: Start = {},
): Promise<WireServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-wire-'))
  const [command = process.execPath, ...args] = [...before(folder), process.execPath, main, ...flags]
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NYNJA_HOST: '127.0.0.1',
      NYNJA_MQTT_PORT: '0',
      NYNJA_WS_PORT: 'off',
      NYNJA_HTTP_PORT: 'off',
      NYNJA_ADMIN_PORT: env['NYNJA_HTTP_PORT'] === undefined ? 'off' : '0',
      NYNJA_DATA_DIR: folder,
      NYNJA_NODES: '2',
      NYNJA_TEST_NUMBERS: '38067',
      NYNJA_TEST_CODE: testCode,
      // What is lost is announced at once, unless a test is about the grace.
      NYNJA_PRESENCE_GRACE_MS: '0',
      ...patientEnvironment,
      ...storeEnvironment(folder),
      ...env,
    },
  })
  let stderr = ''
  child.stderr.on('data', (said: Buffer) => {
    stderr += said.toString()
    process.stderr.write(said)
  })
  const lines = newMailbox<LogLine>((line) => JSON.stringify(line))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const parsed = JSON.parse(line) as LogLine
    // A fault is never what a test has asked for: it is shown, whatever the test finds.
    if (parsed['level'] === 'error' || parsed['level'] === 'fatal') process.stderr.write(`${line}\n`)
    lines.put(parsed)
  })
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      lines.end(`the server ended with ${String(code)}`)
      resolve(code)
    })
  })
  const logged = (event: string): Promise<LogLine> => lines.take(`the log line ${event}`, (line) => line['event'] === event)
  const ready = await logged('ready').catch(async (error: unknown) => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const port = (name: string): number => (typeof ready[name] === 'number' ? ready[name] : 0)
  return {
    mqtt: port('mqtt'),
    ws: port('ws'),
    tls: port('tls'),
    http: port('http'),
    admin: port('admin'),
    pid: child.pid ?? 0,
    folder,
    unread: lines.items,
    get stderr() {
      return stderr
    },
    logged,
    signal: (signal) => child.kill(signal),
    exited,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
