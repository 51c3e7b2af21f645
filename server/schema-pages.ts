import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { coreSchemas } from '../cadmium/index.js'
import { type Dialect, recordSchema, recordsIn, type SchemaForm, termSchema } from '../protocol/index.js'
import { asyncApiDocument, type ServerPort } from '../rpc/index.js'

/** A document that stands still while the server runs. */
export interface SchemaPage {
  readonly contentType: string
  readonly body: string
  /** The body as it is sent: one for all, however many take their time to read it. */
  readonly bytes: Buffer
  /** Of its content, quoted as in a header. */
  readonly etag: string
}

const dialects: readonly Dialect[] = ['v1', 'v11']

/** Schemas name each other by path, so that they hold wherever they are served or stored. */
const form: SchemaForm = {
  within: (record) => ({ $ref: record === undefined ? '/schemas/term.json' : schemaPath(record.name, record.dialect) }),
  draft: '2020-12',
}

function schemaPath(record: string, dialect: Dialect): string {
  return `/schemas/${dialect}/${record}.json`
}

/**
 * What describes the server to programs: `/asyncapi.json`, the JSON Schema of each record at `/schemas/<dialect>/<Record>.json`, and of each type of
 * Protocol Core at `/schemas/core/<type>.json`, with dots for its colons.
 * @param version of the server
 * @returns pages by path
 */
export function schemaPages(version: string, ports: readonly ServerPort[]): ReadonlyMap<string, SchemaPage> {
  const schemas = dialects.flatMap((dialect) =>
    recordsIn(dialect).map((tag) => [schemaPath(tag, dialect), withDraft(recordSchema(tag, dialect, form))] as const),
  )
  const ofCore = [...coreSchemas()].map(([name, schema]) => [`/schemas/core/${name}.json`, withDraft(schema)] as const)
  return new Map([
    ['/asyncapi.json', pageOf('application/vnd.aai.asyncapi+json;version=3.0.0', asyncApiDocument(version, ports))],
    ...[['/schemas/term.json', withDraft(termSchema(form))] as const, ...schemas, ...ofCore].map(
      ([path, schema]) => [path, pageOf('application/schema+json', schema)] as const,
    ),
  ])
}

function withDraft(schema: ReturnType<typeof termSchema> | undefined): object {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...(typeof schema === 'object' ? schema : {}) }
}

function pageOf(contentType: string, document: object): SchemaPage {
  const body = `${JSON.stringify(document, null, 1)}\n`
  return { contentType, body, bytes: Buffer.from(body), etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

/** Serves the pages; `pages` is asked until it has some, before that the answer is 503. A peer that has the present one is answered 304. */
export function serveSchemaPages(app: FastifyInstance, pages: () => ReadonlyMap<string, SchemaPage> | undefined): void {
  for (const url of ['/asyncapi.json', '/schemas/*']) {
    app.get(url, (request, reply) => {
      const known = pages()
      if (known === undefined) return reply.code(503).type('text/plain').send('starting\n')
      const page = known.get(request.url.split('?')[0] ?? '')
      if (page === undefined) {
        reply.callNotFound()
        return reply
      }
      void reply.header('etag', page.etag).header('cache-control', 'no-cache')
      if (isKnown(request.headers['if-none-match'], page.etag)) return reply.code(304).send()
      return reply.type(page.contentType).send(page.bytes)
    })
  }
}

/** Whether one of the tags of If-None-Match is the present one; a weak one will do (RFC 9110, 13.1.2). */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
