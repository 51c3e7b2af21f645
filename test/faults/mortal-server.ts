import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Mailbox, newMailbox } from '../wire/mailbox.js'
import { type LogLine, patientEnvironment, testCode } from '../wire/wire-server.js'
import { patienceMs } from '../patience.js'

/** A server in a process of its own that may die and come back on the same store. */
export interface MortalServer {
  /** Of the present life; they change with each. */
  readonly mqtt: number
  readonly http: number
  readonly admin: number
  /** 0 unless NYNJA_WS_PORT is given. */
  readonly ws: number
  /** Starts a life. Resolves when it is ready. */
  start(): Promise<void>
  /** Ends the process as a crash would, and resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM. Resolves to the exit code; null if it took so long that it was killed. */
  terminate(): Promise<number | null>
  /** SIGSTOP and SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves to the first line of the present life that matches, now or when it is written. */
  logged(what: string, matches: (line: LogLine) => boolean): Promise<LogLine>
  /** Memory of the process that is in RAM, bytes. */
  residentBytes(): Promise<number>
  /** The sum of the series of a metric. */
  metric(name: string): Promise<number>
  /** Whether the present life goes on. */
  readonly isAlive: boolean
  /** Lines of level error and fatal, of all lives. */
  readonly faults: readonly string[]
  /** Ends the server in order and removes its store. */
  close(): Promise<void>
}

const main = fileURLToPath(new URL('../../server/main.js', import.meta.url))

/** Options of every server here: nothing is limited that is not the matter of the test. Phones that begin with 38067 log in with the test code. */
export function serverEnvironment(folder: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    NYNJA_HOST: '127.0.0.1',
    NYNJA_MQTT_PORT: '0',
    NYNJA_WS_PORT: 'off',
    NYNJA_HTTP_PORT: '0',
    NYNJA_ADMIN_PORT: '0',
    NYNJA_DATA_DIR: folder,
    NYNJA_NODES: '2',
    NYNJA_TEST_NUMBERS: '38067',
    NYNJA_TEST_CODE: testCode,
    NYNJA_INBOX_ENTRIES: '100000',
    ...patientEnvironment,
    ...more,
  }
}

export async function newMortalServer(more: Readonly<Record<string, string>> = {}): Promise<MortalServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-fault-'))
  const faults: string[] = []
  let child: ChildProcess | undefined
  let ports = { mqtt: 0, http: 0, admin: 0, ws: 0 }
  let exited: Promise<unknown> = Promise.resolve()
  let lines: Mailbox<LogLine> | undefined

  function alive(): ChildProcess {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) throw new Error('the server is not running')
    return child
  }

  async function end(): Promise<number | null> {
    const ending = child
    if (ending === undefined) return null
    if (ending.exitCode === null && ending.signalCode === null) ending.kill('SIGTERM')
    const impatience = setTimeout(() => ending.kill('SIGKILL'), patienceMs)
    await exited
    clearTimeout(impatience)
    return ending.exitCode
  }

  return {
    get mqtt() {
      return ports.mqtt
    },
    get http() {
      return ports.http
    },
    get admin() {
      return ports.admin
    },
    get ws() {
      return ports.ws
    },
    faults,
    get isAlive() {
      return child !== undefined && child.exitCode === null && child.signalCode === null
    },
    async start() {
      const born = spawn(process.execPath, ['--enable-source-maps', main], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], ...serverEnvironment(folder, more) },
      })
      child = born
      const heard = newMailbox<LogLine>(() => 'a line')
      lines = heard
      exited = new Promise((resolve) => born.once('close', resolve))
      ports = await new Promise((resolve, reject) => {
        born.once('exit', (code) => {
          reject(new Error(`the server ended with ${String(code)} before it was ready`))
        })
        createInterface({ input: born.stdout }).on('line', (line) => {
          const parsed = JSON.parse(line) as LogLine
          const { event, level, mqtt, http, admin, ws } = parsed
          heard.put(parsed)
          if (level === 'error' || level === 'fatal') faults.push(line)
          if (event === 'ready')
            resolve({ mqtt: Number(mqtt), http: Number(http), admin: Number(admin), ws: ws === 'off' ? 0 : Number(ws) })
        })
      })
    },
    async kill() {
      alive().kill('SIGKILL')
      await exited
    },
    terminate() {
      alive()
      return end()
    },
    signal(signal) {
      alive().kill(signal)
    },
    logged(what, matches) {
      if (lines === undefined) throw new Error('the server was never started')
      return lines.take(what, matches)
    },
    async residentBytes() {
      const status = await readFile(`/proc/${String(alive().pid)}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
    },
    metric: (name) => readMetric(ports.admin, name),
    async close() {
      await end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The sum of the series of a metric, as the server on that admin port tells it. */
export async function readMetric(admin: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(admin)}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Asks again until the answer is right. */
export async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
