import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, stablePort, startProgram } from './program.js'

/** When Redis brings its append-only file to the disk: before each answer, or once a second. */
export type AppendFsync = 'always' | 'everysec'

/** A Redis with an append-only file, on a port and in a folder of its own, that may die and come back. */
export interface RedisProcess {
  readonly port: number
  readonly isAlive: boolean
  /** Starts a life on the same port and files. Resolves when it takes connections. */
  start(): Promise<void>
  /** Ends the process as a crash would. */
  kill(): Promise<void>
  /** SIGSTOP: connections stand, nothing is answered. */
  stop(): void
  /** SIGCONT */
  goOn(): void
  /** Ends it and removes its files. */
  close(): Promise<void>
}

/** Makes the folder; nothing runs before `start`. */
export async function newRedisProcess(appendFsync: AppendFsync): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-cluster-redis-'))
  const port = await stablePort()
  const settings = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: appendFsync }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  let program: Program | undefined
  return {
    port,
    get isAlive() {
      return program?.isAlive ?? false
    },
    async start() {
      program = await startProgram('redis-server', args, { isReady: (line) => line.includes('Ready to accept connections') })
    },
    async kill() {
      await program?.kill()
    },
    stop() {
      program?.signal('SIGSTOP')
    },
    goOn() {
      program?.signal('SIGCONT')
    },
    async close() {
      if (program?.isAlive === true) await program.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
