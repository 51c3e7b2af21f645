import type { ListenAddress } from '../broker/index.js'
import type { FileStorage } from '../files/index.js'
import type { HttpServer, Readiness } from './http.js'
import type { Metrics } from './metrics.js'
import type { Options } from './options-table.js'
import type { SchemaPage } from './schema-pages.js'
import { listening } from './start-problem.js'
import type { TurnedAwayLog } from './turned-away-log.js'
import { gateOf, type MachineWatch } from './watch-machine.js'

/** What ends something that is open. */
export type Closer = () => Promise<void> | void

/** The ports in use. */
export interface OpenedPages {
  readonly adminPort: number | 'off'
  readonly httpPort: number | 'off'
}

/** What the two HTTP servers tell of. */
export interface PagesParts {
  readonly readiness: () => Readiness
  readonly machine: MachineWatch
  readonly metrics: Metrics
  readonly schemas: () => ReadonlyMap<string, SchemaPage> | undefined
  readonly files: FileStorage
  readonly turnedAway: TurnedAwayLog
}

/** Opens both, the one for whoever runs the server first. @param closers what ends them is added to these @throws StartProblem if a port is taken */
export async function openPages(options: Options, parts: PagesParts, closers: Closer[]): Promise<OpenedPages> {
  return { adminPort: await openAdmin(options, parts, closers), httpPort: await openPublic(options, parts, closers) }
}

async function openPublic({ host, httpPort: port }: Options, parts: PagesParts, closers: Closer[]): Promise<number | 'off'> {
  if (port === 'off') return 'off'
  const [{ createPublicServer }, { publicRoom }] = await Promise.all([import('./http.js'), import('./http-places.js')])
  const { metrics, turnedAway, machine, ...rest } = parts
  const onTurnedAway = (because: string, address: string): void => {
    metrics.refusedConnections.inc({ because: `http-${because}` })
    turnedAway.note(`http-${because}`, address)
  }
  return openHttp(
    createPublicServer({ ...rest, gate: gateOf(machine, 'operator'), onTurnedAway, room: publicRoom(() => machine.fits) }),
    { host, port, variable: 'NYNJA_HTTP_PORT' },
    closers,
  )
}

async function openAdmin({ adminHost: host, adminPort: port }: Options, parts: PagesParts, closers: Closer[]): Promise<number | 'off'> {
  if (port === 'off') return 'off'
  const { createAdminServer } = await import('./http.js')
  const { readiness, machine, metrics } = parts
  const server = createAdminServer({
    readiness,
    gate: gateOf(machine, 'operator'),
    metrics: metrics.render,
    metricsContentType: metrics.contentType,
  })
  return openHttp(server, { host, port, variable: 'NYNJA_ADMIN_PORT', hostVariable: 'NYNJA_ADMIN_HOST' }, closers)
}

interface HttpAddress extends ListenAddress {
  readonly variable: string
  readonly hostVariable?: string
}

async function openHttp(server: HttpServer, { host, port, variable, hostVariable }: HttpAddress, closers: Closer[]): Promise<number> {
  closers.push(() => server.close())
  return listening(server.start(host, port), variable, { host, port }, hostVariable)
}
