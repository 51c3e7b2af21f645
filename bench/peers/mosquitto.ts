import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { cpuMsOf, residentBytesOf, run, type Peer } from './peer.js'
import { versionOf } from './program.js'
import { tempFolder } from './temp-folder.js'

const file = process.getuid?.() === 0 ? '/usr/sbin/mosquitto' : 'mosquitto'

export const mosquittoVersion = (): string | undefined => versionOf(file, '-h')

/** Mosquitto in memory, its queues as long as the load needs. */
export async function startMosquitto(): Promise<Peer> {
  const folder = tempFolder('mosquitto')
  const port = await freePort()
  const config = join(folder.path, 'mosquitto.conf')
  await writeFile(
    config,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence false',
      'set_tcp_nodelay true',
      'max_inflight_messages 1000',
      'max_queued_messages 0',
      'log_dest stderr',
      'log_type notice',
      'log_type information',
      'log_type error',
      'connection_messages false',
    ].join('\n'),
  )
  const ready = (line: string): Record<string, unknown> | undefined => (/ running$/.test(line) ? {} : undefined)
  const running = await run({ file, args: ['-c', config], ready })
  return {
    name: 'mosquitto',
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
