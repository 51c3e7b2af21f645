import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { patienceMs } from '../patience.js'

/** A program of the system that runs for a test. It does not outlive the test's process. */
export interface Program {
  readonly isAlive: boolean
  /** The last lines it has written. */
  readonly written: readonly string[]
  signal(signal: NodeJS.Signals): void
  /** Ends it as a crash would; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and after a while SIGKILL; resolves when it is gone. */
  end(): Promise<void>
}

const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Of what it wrote, for the error that tells that it did not start. */
const keptLines = 20

/** Starts a program. Resolves when a line of its output says that it is ready; without `isReady`, when it has been started. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { isReady, env = {} }: { readonly isReady?: (line: string) => boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Program> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } })
  living.add(child)
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      living.delete(child)
      resolve()
    })
  })
  const written: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      reject(new Error(`${file} ended with ${String(code)}: ${written.join('\n')}`))
    })
    if (isReady === undefined) child.once('spawn', resolve)
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        written.push(line)
        if (written.length > keptLines) written.shift()
        if (isReady?.(line) === true) resolve()
      })
    }
  })
  return {
    get isAlive() {
      return living.has(child)
    },
    written,
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async end() {
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await exited
      clearTimeout(impatience)
    },
  }
}

const firstPort = 20_000
const lastPort = 31_999

/**
 * A free port of the loopback that is still free when its server has died and comes back: below those the system gives to outgoing
 * connections, which would take it meanwhile.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => {
      resolve(false)
    })
    probe.listen(port, '127.0.0.1', () =>
      probe.close(() => {
        resolve(true)
      }),
    )
  })
}
