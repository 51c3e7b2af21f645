import { fileURLToPath } from 'node:url'
import { eventually } from '../faults/mortal-server.js'
import { type Program, stablePort, startProgram } from './program.js'
import { connect } from 'node:net'

/** HAProxy with the configuration that docker compose mounts, in front of two nodes. */
export interface HaproxyProcess {
  /** Where it takes MQTT. */
  readonly mqtt: number
  close(): Promise<void>
}

const configuration = fileURLToPath(new URL('../../../deploy/haproxy.cfg', import.meta.url))

/** Ports of a node that are the same in each of its lives. */
export interface NodePorts {
  readonly mqtt: number
  readonly http: number
}

export async function startHaproxy(nodes: readonly NodePorts[]): Promise<HaproxyProcess> {
  const [mqtt, ws, http] = [await stablePort(), await stablePort(), await stablePort()]
  const env: Record<string, string> = { NYNJA_BIND: '127.0.0.1', NYNJA_BALANCER_CONNECTIONS: '2000' }
  for (const [name, port] of Object.entries({ MQTT: mqtt, WS: ws, HTTP: http })) env[`NYNJA_BIND_${name}`] = String(port)
  for (const [place, node] of nodes.entries()) {
    const name = `NYNJA_NODE${String(place + 1)}`
    Object.assign(env, { [name]: '127.0.0.1', [`${name}_MQTT`]: String(node.mqtt), [`${name}_HTTP`]: String(node.http) })
  }
  const program = await startProgram('haproxy', ['-db', '-f', configuration], { env })
  await eventually('HAProxy takes connections', () => isOpen(program, mqtt))
  return { mqtt, close: () => program.kill() }
}

async function isOpen(program: Program, port: number): Promise<boolean> {
  if (!program.isAlive) throw new Error(`HAProxy has ended: ${program.written.join('\n')}`)
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', () => {
      resolve(false)
    })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
