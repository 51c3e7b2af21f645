import { freePort } from './free-port.js'
import { cpuMsOf, residentBytesOf, run, type Peer } from './peer.js'
import { versionOf } from './program.js'
import { tempFolder } from './temp-folder.js'

export const redisVersion = (): string | undefined => versionOf('redis-server', '--version')

export interface RedisOptions {
  /** An append-only file, synced every second; otherwise in memory only. Snapshots are made in neither case. */
  readonly isDurable?: boolean
}

/** A Redis server of its own. */
export async function startRedis({ isDurable = false }: RedisOptions = {}): Promise<Peer> {
  const folder = tempFolder('redis')
  const port = await freePort()
  const kept = { appendonly: isDurable ? 'yes' : 'no', appendfsync: 'everysec' }
  const settings = { port: String(port), bind: '127.0.0.1', save: '', ...kept, dir: folder.path, logfile: '' }
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
