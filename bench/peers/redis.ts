import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { cpuMsOf, residentBytesOf, run, type Peer } from './peer.js'
import { versionOf } from './program.js'

export const redisVersion = (): string | undefined => versionOf('redis-server', '--version')

/** A Redis server in memory only: no snapshots, no append-only file. */
export async function startRedis(): Promise<Peer> {
  const dir = await mkdtemp(join(tmpdir(), 'redis-bench-'))
  const port = await freePort()
  const settings = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', dir, logfile: '' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const ready = (line: string): Record<string, unknown> | undefined => (/Ready to accept connections/.test(line) ? {} : undefined)
  const running = await run({ file: 'redis-server', args, ready })
  return {
    name: 'redis',
    port,
    cpuMs: () => cpuMsOf(running.pid),
    residentBytes: () => residentBytesOf(running.pid),
    settle: () => undefined,
    stop: async () => {
      await running.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
