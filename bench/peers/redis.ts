import { freePort } from './free-port.js'
import { cpuMsOf, residentBytesOf, run, type Peer } from './peer.js'
import { versionOf } from './program.js'
import { tempFolder } from './temp-folder.js'

export const redisVersion = (): string | undefined => versionOf('redis-server', '--version')

/** A Redis server in memory only: no snapshots, no append-only file. */
export async function startRedis(): Promise<Peer> {
  const folder = tempFolder('redis')
  const port = await freePort()
  const settings = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder.path, logfile: '' }
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
      folder.remove()
    },
  }
}
