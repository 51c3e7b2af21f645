import {
  type ArrivalHall,
  type ConnectionGate,
  type ListenAddress,
  type Listener,
  listenTcp,
  listenTls,
  listenWebSocket,
  type Messenger,
  type Places,
  type TlsListener,
  type TlsPair,
  type TransferSockets,
} from '../broker/index.js'
import type { CoreDoor } from '../gateway/index.js'
import type { ServerPort } from '../rpc/index.js'
import type { Options } from './options-table.js'
import type { Ports } from './ports.js'
import { listening, StartProblem } from './start-problem.js'
import { readTlsPair } from './tls-pair.js'

/** Those that are open. */
export type Listeners = Partial<Record<'mqtt' | 'ws', Listener> & { tls: TlsListener }>

interface Served {
  readonly messenger: Messenger
  readonly transfers: TransferSockets
  readonly core: CoreDoor
  readonly places: Places
  readonly gate: ConnectionGate
}

/** @throws StartProblem if one cannot be opened; none is left open then */
export async function openListeners(options: Options, { messenger, transfers, core, places, gate }: Served): Promise<Listeners> {
  const { host, mqttPort, wsPort, tlsPort, tlsKey, tlsCert, maxPacketBytes, trustProxy, proxyProtocol: isProxied } = options
  const opened: Listeners = {}
  const hall: ArrivalHall = { places, connectDeadlineMs: options.connectDeadlineMs }
  const at = (port: number): ListenAddress => ({ host, port, isProxied, gate })
  try {
    if (mqttPort !== 'off') opened.mqtt = await listening(listenTcp(at(mqttPort), hall, messenger.serve), 'NYNJA_MQTT_PORT', at(mqttPort))
    const pair = tlsPort === 'off' ? undefined : tlsPairOf({ tlsKey, tlsCert })
    if (tlsPort !== 'off' && pair !== undefined) {
      opened.tls = await listening(listenTls(at(tlsPort), pair, hall, messenger.serve), 'NYNJA_TLS_PORT', at(tlsPort))
    }
    if (wsPort !== 'off') {
      const services = { serve: messenger.serve, serveTransfers: transfers.serve, serveCore: core.serve }
      const opening = listenWebSocket(at(wsPort), { maxPacketBytes, trustProxy }, hall, services)
      opened.ws = await listening(opening, 'NYNJA_WS_PORT', at(wsPort))
    }
    return opened
  } catch (error) {
    await closeListeners(opened)
    throw error
  }
}

/** @throws StartProblem if there is a pair and it cannot be used */
export function tlsPairOf(options: Pick<Options, 'tlsKey' | 'tlsCert'>): TlsPair | undefined {
  const read = readTlsPair(options)
  if (read.kind === 'problem') throw new StartProblem(read.problems.join('; '), { isOfOptions: true })
  return read.kind === 'none' ? undefined : read.pair
}

export async function closeListeners(listeners: Listeners): Promise<void> {
  await Promise.all(Object.values(listeners).map((listener) => listener.close()))
}

export function portsOf({ mqtt, ws, tls }: Listeners): Omit<Ports, 'http' | 'admin'> {
  return { mqtt: mqtt?.port ?? 'off', ws: ws?.port ?? 'off', tls: tls?.port ?? 'off' }
}

export function openPorts(ports: Ports): readonly ServerPort[] {
  return (['mqtt', 'ws', 'tls'] as const).flatMap((name): ServerPort[] => {
    const port = ports[name]
    return port === 'off' ? [] : [{ name, port }]
  })
}
