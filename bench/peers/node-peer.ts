import { fileURLToPath } from 'node:url'
import { cpuMsOf, portOf, readyEvent, residentBytesOf, run, type Peer } from './peer.js'

const settleHook = new URL('./settle-hook.js', import.meta.url).href

export interface NodePeerOptions {
  readonly name: string
  /** Compiled script, relative to this folder, or as a file URL. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  /** Name of the MQTT port in the ready event. */
  readonly portKey: string
  /** Lets `settle` collect garbage. */
  readonly canSettle?: boolean
  readonly alsoStop?: () => Promise<void>
  readonly alsoCpuMs?: () => number
}

export interface NodePeer extends Peer {
  /** A further port of the ready event. */
  readonly portOf: (key: string) => number
}

/** A server written for Node, which prints a ready event. */
export async function startNodePeer(options: NodePeerOptions): Promise<NodePeer> {
  const script = fileURLToPath(new URL(options.script, import.meta.url))
  const flags = options.canSettle === true ? ['--expose-gc', '--import', settleHook] : []
  const running = await run({ file: process.execPath, args: [...flags, script], env: options.env, ready: readyEvent })
  return {
    name: options.name,
    port: portOf(running.announced, options.portKey),
    portOf: (key) => portOf(running.announced, key),
    cpuMs: () => cpuMsOf(running.pid) + (options.alsoCpuMs?.() ?? 0),
    residentBytes: () => residentBytesOf(running.pid),
    settle: () => {
      if (options.canSettle === true) running.child.kill('SIGUSR2')
    },
    stop: async () => {
      await running.stop()
      await options.alsoStop?.()
    },
  }
}
