import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import { within } from '../load/within.js'

/** A server under test, in a process of its own. */
export interface Peer {
  readonly name: string
  readonly port: number
  /** Processor time used by the peer and by the processes it depends on. */
  readonly cpuMs: () => number
  readonly residentBytes: () => number
  /** Asks for a full garbage collection; a peer that is not Node ignores it. */
  readonly settle: () => void
  readonly stop: () => Promise<void>
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Says from a line of output whether the server is ready, and what it announced. */
  readonly ready: (line: string) => Readonly<Record<string, unknown>> | undefined
}

export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly announced: Readonly<Record<string, unknown>>
  readonly stop: () => Promise<void>
}

const startMs = 30_000
const stopMs = 15_000
const living = new Set<ChildProcess>()

/** Starts a process and waits until it says it is ready. */
export async function run({ file, args, env, ready }: Command): Promise<Running> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  living.add(child)
  child.once('exit', () => living.delete(child))
  const complaints = lastWords(child)
  const announced = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(new Error(`${file} ${args.join(' ')} ended with ${code} before it was ready:\n${complaints()}`))
    })
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (line) => {
        const found = ready(line)
        if (found !== undefined) resolve(found)
      })
    }
  })
  try {
    const found = await within(startMs, `start of ${file} ${args.join(' ')}`, announced)
    child.on('exit', (code, signal) => {
      if (signal !== 'SIGTERM' && signal !== 'SIGKILL' && code !== 0) process.stderr.write(`${file} ended with ${code}:\n${complaints()}\n`)
    })
    return { child, pid: child.pid ?? 0, announced: found, stop: () => end(child) }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** The ready line of our own scripts and of the server: one JSON object whose `event` is `ready`. */
export function readyEvent(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  const event = JSON.parse(line) as Readonly<Record<string, unknown>>
  return event['event'] === 'ready' ? event : undefined
}

export function portOf(announced: Readonly<Record<string, unknown>>, key: string): number {
  const port = announced[key]
  if (typeof port !== 'number') throw new Error(`no port was announced as ${key}`)
  return port
}

/** Kills what is left, for the moment the bench itself ends. */
export function killLiving(): void {
  for (const child of living) child.kill('SIGKILL')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve()
    }),
  )
  child.kill('SIGTERM')
  try {
    await within(stopMs, 'stop', gone)
  } catch {
    process.stderr.write(`process ${child.pid} did not stop when asked; killed\n`)
    child.kill('SIGKILL')
    await gone
  }
}

function lastWords(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => (text = (text + more).slice(-4_000)))
  return () => text
}

const tickMs = 10

/** User and system time of a process, all its threads; 0 where there is no /proc. */
export function cpuMsOf(pid: number): number {
  const stat = readProc(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs
}

/** Resident set; 0 where there is no /proc. */
export function residentBytesOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readProc(pid, 'status'))?.[1] ?? 0) * 1_024
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // not Linux, or the process is gone: the figure is left at 0
  }
}
