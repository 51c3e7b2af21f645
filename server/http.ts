import fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { type ConnectionGate, guardConnections, sliceHttp } from '../broker/index.js'
import type { FileStorage } from '../files/index.js'
import { serveFiles } from './file-pages.js'
import { HttpPlaces, type HttpPlacesParts, type HttpRoom, adminRoom, keepHttpPlaces, publicRoom } from './http-places.js'
import { type SchemaPage, serveSchemaPages } from './schema-pages.js'

/** Whether the server takes clients; if so what it lacks all the same, a line each, if not why not. */
export type Readiness =
  { readonly kind: 'ready'; readonly lacking?: readonly string[] } | { readonly kind: 'not-ready'; readonly because: string }

export interface HttpParts {
  /** Asked at each request for /readyz. */
  readonly readiness: () => Readiness
  /** Asked for each connection. */
  readonly gate?: ConnectionGate
  /** How long a peer may take to send its request, ms. */
  readonly requestTimeoutMs?: number
}

/** What everybody may ask. */
export interface PublicParts extends HttpParts {
  /** What describes the server to programs; undefined while it is not known. */
  readonly schemas?: () => ReadonlyMap<string, SchemaPage> | undefined
  /** Where the files lie that are downloaded here. */
  readonly files?: FileStorage
  readonly onTurnedAway?: HttpPlacesParts['onTurnedAway']
  /** 1,024 places unless it says otherwise. */
  readonly room?: HttpRoom
  /** The monotonic clock; a test's own */
  readonly elapsed?: HttpPlacesParts['elapsed']
}

/** What only those may ask who run the server. */
export interface AdminParts extends HttpParts {
  /** The metrics as text, asked for at each request for /metrics. */
  readonly metrics: () => Promise<string>
  readonly metricsContentType: string
}

export interface HttpServer {
  /** @param port 0 picks a free one @returns the port in use @throws if the port is taken */
  start(host: string, port: number): Promise<number>
  /** Ends every connection. */
  close(): Promise<void>
}

const silentMs = 30_000
const maxHeaderBytes = 8_192
const maxBodyBytes = 1_024
const defaultRequestTimeoutMs = 5_000

/**
 * What everybody may ask: `/healthz` and `/readyz`, `/asyncapi.json` and `/schemas/…`; and for whoever has a URL of it, a file.
 * GET and HEAD only; request sizes, request times and connections are bounded.
 */
export function createPublicServer({
  schemas,
  files,
  onTurnedAway = () => undefined,
  room = publicRoom(() => Infinity),
  elapsed,
  ...parts
}: PublicParts): HttpServer {
  const places = new HttpPlaces({ room, onTurnedAway, ...(elapsed === undefined ? {} : { elapsed }) })
  return createHttpServer(parts, wordFor, (app) => {
    keepHttpPlaces(app, places)
    if (schemas !== undefined) serveSchemaPages(app, schemas)
    if (files !== undefined) serveFiles(app, { storage: files, downloads: places, silentMs })
  })
}

/** What those ask who run the server: `/metrics` (Prometheus text), `/healthz` and `/readyz`. A listener of its own: no crowd at the public one takes its places. */
export function createAdminServer({ metrics, metricsContentType, ...parts }: AdminParts): HttpServer {
  return createHttpServer(parts, reasonFor, (app) => {
    keepHttpPlaces(app, new HttpPlaces({ room: adminRoom, onTurnedAway: () => undefined }))
    app.get('/metrics', async (_request, reply) => reply.type(metricsContentType).send(await metrics()))
  })
}

/** For everybody: whether it takes clients. Why not, and what it lacks, are words of the store and of gateways, for whoever runs it. */
function wordFor({ kind }: Readiness): string {
  return kind === 'ready' ? 'ready' : 'not ready'
}

function reasonFor(state: Readiness): string {
  return state.kind === 'ready' ? ['ready', ...(state.lacking ?? [])].join('\n') : state.because
}

/** `/healthz` (200 while the process lives), `/readyz` (200, or 503 while starting or draining, or out of what nobody can be served without), and more. */
function createHttpServer(
  { readiness, gate, requestTimeoutMs = defaultRequestTimeoutMs }: HttpParts,
  textOf: (state: Readiness) => string,
  serveMore: (app: FastifyInstance) => void,
): HttpServer {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    keepAliveTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: silentMs,
    http: { maxHeaderSize: maxHeaderBytes, headersTimeout: requestTimeoutMs, connectionsCheckingInterval: requestTimeoutMs / 5 },
  })
  sliceHttp(app.server)
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', (_request, reply) => {
    const state = readiness()
    return reply
      .code(state.kind === 'ready' ? 200 : 503)
      .type('text/plain')
      .send(`${textOf(state)}\n`)
  })
  serveMore(app)
  // The last to be laid around the server is asked first.
  if (gate !== undefined) guardConnections(app.server, gate)

  return {
    async start(host, port) {
      await app.listen({ host, port })
      return (app.server.address() as AddressInfo).port
    },
    close: () => app.close(),
  }
}
