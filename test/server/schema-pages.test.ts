import { Parser } from '@asyncapi/parser'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { decode, type Dialect, recordTags } from '../../protocol/index.js'
import { requestOf } from '../../rpc/dispatcher.js'
import { routes } from '../../rpc/index.js'
import { createPublicServer, type HttpServer } from '../../server/http.js'
import { type SchemaPage, schemaPages } from '../../server/schema-pages.js'

const pages = schemaPages('1.2.3', [
  { name: 'mqtt', port: 1883 },
  { name: 'ws', port: 8000 },
  { name: 'tls', port: 8883 },
])
const asyncApi = pages.get('/asyncapi.json')?.body ?? ''

interface Described {
  readonly name: string
  readonly payload: { readonly title: string; readonly anyOf: readonly { readonly title?: string }[] }
  readonly examples?: readonly { readonly name: string; readonly payload: unknown }[]
}

/** Everything in a document that is an object. */
function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof value !== 'object' || value === null) return []
  const parts = Object.values(value).flatMap(objectsIn)
  return Array.isArray(value) ? parts : [value as Readonly<Record<string, unknown>>, ...parts]
}

describe('the AsyncAPI document', () => {
  const document = JSON.parse(asyncApi) as {
    channels: Record<string, { messages: Record<string, { $ref: string }> }>
    components: { messages: Record<string, Described> }
  }

  test('is valid by the official parser', async () => {
    const parser = new Parser()
    const { document: parsed, diagnostics } = await parser.parse(asyncApi)
    expect(
      diagnostics.filter(({ severity }) => [0, 1].includes(severity)).map(({ code, message, path }) => ({ code, message, path })),
    ).toEqual([])
    expect(parsed?.servers().length).toBe(3)
    expect(parsed?.operations().filterByReceive().length).toBe(new Set(routes.map(({ tag }) => tag)).size)
  })

  test('has a message for every request that is served, and for no other', () => {
    const requests = Object.keys(document.channels).filter((name) => name.startsWith('requests.'))
    const named = requests.flatMap((name) => Object.values(document.channels[name]!.messages).map(({ $ref }) => $ref.split('/').at(-1)!))
    const titles = named.map((name) => document.components.messages[name]!.name)
    expect(titles.sort()).toEqual(routes.map(({ tag, request }) => `${tag}/${request}`).sort())
  })

  test('has a payload in at least one dialect for every message', () => {
    for (const { payload } of Object.values(document.components.messages)) expect(payload.anyOf.length).toBeGreaterThan(0)
  })

  test('tells a request by its atom, and a v11 message by its having none', () => {
    const { payload } = document.components.messages['request.Message.client']!
    expect(payload).toEqual({
      title: 'MessageClient',
      anyOf: [
        {
          title: 'MessageClientV1',
          allOf: [
            { $ref: '#/components/schemas/v1.Message' },
            { properties: { status: { enum: ['client'] } }, required: ['status', 'from', 'files'] },
          ],
        },
        {
          title: 'MessageClientV11',
          allOf: [{ $ref: '#/components/schemas/v11.Message' }, { properties: { status: { enum: [null] } }, required: ['from', 'files'] }],
        },
      ],
    })
  })

  test('has titles that are names in any programming language, each for one thing', () => {
    const parts = objectsIn(document.components).flatMap((part) => (typeof part['title'] === 'string' ? [part as { title: string }] : []))
    expect(parts.map(({ title }) => title).filter((title) => !/^[A-Z][A-Za-z0-9]*$/.test(title))).toEqual([])
    const all = Object.values(document.components.messages).flatMap(({ payload }) => [
      payload.title,
      ...payload.anyOf.map((one) => one.title),
    ])
    const titles = all.filter((title) => title !== undefined)
    expect(new Set(titles).size).toBe(titles.length)
  })

  test('has no union of plain types without a name', () => {
    const isPlain = (schema: object): boolean =>
      'type' in schema && !('title' in schema) && !('properties' in schema) && !('items' in schema)
    const unions = objectsIn(document.components).flatMap(({ anyOf }) => (Array.isArray(anyOf) ? [anyOf as object[]] : []))
    expect(unions.filter((union) => union.filter(isPlain).length > 1)).toEqual([])
  })

  test('has an example of every request in each dialect that has it, which fits its schema and is that request', () => {
    const ajv = new Ajv({ allowUnionTypes: true, strict: false })
    ajv.addSchema(document, 'document')
    for (const { tag, request } of routes) {
      const { name, examples = [], payload } = document.components.messages[`request.${request === '' ? tag : `${tag}.${request}`}`]!
      expect({ name, examples: examples.length }).toEqual({ name, examples: payload.anyOf.length })
      const pointer = `document#/components/messages/request.${request === '' ? tag : `${tag}.${request}`}/payload`
      const validate = ajv.getSchema(pointer)!
      for (const example of examples) {
        expect({ name, valid: validate(example.payload), errors: validate.errors }).toEqual({ name, valid: true, errors: null })
        const decoded = decode(Buffer.from(JSON.stringify(example.payload)), example.name as Dialect)
        expect(
          decoded.kind === 'record' && { name: `${decoded.record.tag}/${requestOf(decoded.record)}`, misfits: decoded.misfits },
        ).toEqual({
          name: `${tag}/${request}`,
          misfits: [],
        })
      }
    }
  })
})

test('the schema of every record compiles with the others, found by its path', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true, strictTypes: false })
  const paths = [...pages.keys()].filter((path) => path.startsWith('/schemas/'))
  for (const path of paths) ajv.addSchema(JSON.parse(pages.get(path)!.body) as object, path)
  for (const path of paths) expect(ajv.getSchema(path)).toBeDefined()
  for (const tag of recordTags) expect(paths.some((path) => path.endsWith(`/${tag}.json`))).toBe(true)
})

describe('over HTTP', () => {
  let known: ReadonlyMap<string, SchemaPage> | undefined
  let server: HttpServer
  let port: number

  beforeAll(async () => {
    server = createPublicServer({
      readiness: () => ({ kind: 'ready' }),
      schemas: () => known,
    })
    port = await server.start('127.0.0.1', 0)
  })
  afterAll(() => server.close())

  const ask = (path: string, headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers })

  test('before the server is ready it is 503', async () => {
    known = undefined
    expect((await ask('/asyncapi.json')).status).toBe(503)
  })

  test.each([
    ['/asyncapi.json', 'application/vnd.aai.asyncapi+json'],
    ['/schemas/v11/Friend.json', 'application/schema+json'],
  ])('%s comes with its type and a tag, and not again while it is the same', async (path, type) => {
    known = pages
    const first = await ask(path)
    expect([first.status, await first.text()]).toEqual([200, pages.get(path)?.body])
    expect(first.headers.get('content-type')).toContain(type)
    const etag = first.headers.get('etag') ?? ''
    expect((await ask(path, { 'if-none-match': `"other", W/${etag}` })).status).toBe(304)
    expect((await ask(path, { 'if-none-match': '"other"' })).status).toBe(200)
  })

  test.each(['/schemas/v1/Nobody.json', '/schemas/', '/schemas/v1/Presence.json', '/schemas/%2e%2e/x'])('%s is not found', async (path) => {
    known = pages
    expect((await ask(path)).status).toBe(404)
  })
})
