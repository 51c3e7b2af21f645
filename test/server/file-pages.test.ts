/** Downloads over HTTP from a folder. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStorage, openDiskStorage } from '../../files/index.js'
import { FilesOutage } from '../../rpc/index.js'
import { type FilePagesParts, serveFiles } from '../../server/file-pages.js'
import { keyOf } from '../files/file-storage-contract.js'
import { someBytes } from '../wire/transfer-client.js'

let folder: string
let storage: FileStorage
let app: FastifyInstance
const key = keyOf(1)
const size = 300_000
const tag = `"${key}"`

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-pages-'))
  storage = await openDiskStorage(join(folder, 'files'))
  await keep({ filename: 'Кіт & "Co".jpg', type: 'image/jpeg' })
})
afterEach(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

async function keep(about: { filename: string; type: string }): Promise<void> {
  await writeFile(join(folder, 'upload'), someBytes(size))
  await storage.keep(key, join(folder, 'upload'), about)
}

function placesFor(downloads: number): FilePagesParts['downloads'] {
  let free = downloads
  return {
    download: () => free > 0 && free-- > 0,
    downloaded() {
      free++
    },
  }
}

async function listen(parts: Partial<FilePagesParts> = {}): Promise<number> {
  app = fastify({ forceCloseConnections: true })
  serveFiles(app, { storage, downloads: placesFor(2), silentMs: 20_000, ...parts })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function ask(headers: Record<string, string> = {}, { method = 'GET', path = `/files/${key}`, parts = {} } = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${String(await listen(parts))}${path}`, { method, headers })
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

describe('GET', () => {
  test('the whole file, with everything that keeps a browser from running it', async () => {
    const response = await ask()
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': String(size),
      'content-type': 'image/jpeg',
      'content-disposition': `inline; filename="___ & _Co_.jpg"; filename*=UTF-8''%D0%9A%D1%96%D1%82%20%26%20%22Co%22.jpg`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: tag,
    })
    expect((await bytesOf(response)).equals(someBytes(size))).toBe(true)
  })

  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/plain', 'application/pdf', 'x\r\ny: z'])(
    'a type that a browser may run is bytes to be saved, whoever wrote it: %s',
    async (type) => {
      await keep({ filename: 'page.html', type })
      const { headers } = await ask()
      expect([headers.get('content-type'), headers.get('content-disposition')?.split(';')[0]]).toEqual([
        'application/octet-stream',
        'attachment',
      ])
    },
  )

  test.each([
    { range: 'bytes=0-0', first: 0, last: 0 },
    { range: 'bytes=100000-', first: 100_000, last: size - 1 },
    { range: 'bytes=-5', first: size - 5, last: size - 1 },
  ])('a part: $range', async ({ range, first, last }) => {
    const response = await ask({ range })
    expect([response.status, response.headers.get('content-range'), response.headers.get('content-length')]).toEqual([
      206,
      `bytes ${String(first)}-${String(last)}/${String(size)}`,
      String(last - first + 1),
    ])
    expect((await bytesOf(response)).equals(someBytes(size).subarray(first, last + 1))).toBe(true)
  })

  test.each<{ what: string; headers: Record<string, string>; status: number }>([
    { what: 'a part of this file', headers: { range: 'bytes=1-2', 'if-range': tag }, status: 206 },
    { what: 'a part of what it thinks is another', headers: { range: 'bytes=1-2', 'if-range': '"old"' }, status: 200 },
    { what: 'a part behind the end', headers: { range: `bytes=${String(size)}-` }, status: 416 },
    { what: 'many parts at once', headers: { range: 'bytes=0-0,1-1,2-2' }, status: 200 },
    { what: 'what it has', headers: { 'if-none-match': `"x", W/${tag}` }, status: 304 },
    { what: 'what it has, whatever it is', headers: { 'if-none-match': '*' }, status: 304 },
    { what: 'what it has not', headers: { 'if-none-match': '"x"' }, status: 200 },
  ])('is answered $status if a peer asks for $what', async ({ headers, status }) => {
    const response = await ask(headers)
    expect(response.status).toBe(status)
    if (status === 416) expect(response.headers.get('content-range')).toBe(`bytes */${String(size)}`)
    if (status === 304) expect((await bytesOf(response)).length).toBe(0)
  })

  test.each([
    `/files/${keyOf(2)}`,
    '/files/',
    '/files/..%2f..%2fetc%2fpasswd',
    `/files/${key}.json`,
    `/files/${key}%00`,
    `/files/${key.toUpperCase()}x`,
    `/files/..%2f${key}`,
    `/files/${'a'.repeat(90)}`,
  ])('404 for %s', async (path) => {
    expect((await ask({}, { path })).status).toBe(404)
  })
})

test('HEAD tells what GET would, without the bytes', async () => {
  const response = await ask({ range: 'bytes=0-1' }, { method: 'HEAD' })
  expect([response.status, response.headers.get('content-length'), (await bytesOf(response)).length]).toEqual([200, String(size), 0])
})

test('other methods are not found', async () => {
  expect((await ask({}, { method: 'POST' })).status).toBe(404)
})

test('a storage that cannot be reached is asked for again later', async () => {
  const away: FileStorage = { ...storage, find: () => Promise.reject(new FilesOutage('away')) }
  const response = await ask({}, { parts: { storage: away } })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
})

describe('peers that do not read', () => {
  /** Large enough that no socket buffer takes it whole. */
  const large = 32 * 1024 * 1024

  async function stalled(port: number) {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /files/${key} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(socket, 'readable')
    socket.on('error', () => undefined)
    return socket
  }

  beforeEach(async () => {
    await writeFile(join(folder, 'upload'), Buffer.alloc(large))
    await storage.keep(key, join(folder, 'upload'), { filename: 'a', type: 'image/jpeg' })
  })

  test('are cut off', async () => {
    const socket = await stalled(await listen({ silentMs: 200 }))
    const closed = once(socket, 'close')
    await untilNoConnections()
    socket.resume()
    await closed
  })

  test('take one place each; further peers are asked to come back, until one is free', async () => {
    const port = await listen()
    const [one, two] = [await stalled(port), await stalled(port)]
    const third = await fetch(`http://127.0.0.1:${String(port)}/files/${key}`, { method: 'HEAD' })
    expect(third.status).toBe(503)
    one.destroy()
    two.destroy()
    await untilNoConnections()
    const fourth = await fetch(`http://127.0.0.1:${String(port)}/files/${key}`, { method: 'HEAD' })
    expect(fourth.status).toBe(200)
  })

  /** The last connections have ended; what keep-alive holds does not read either. */
  async function untilNoConnections(): Promise<void> {
    app.server.closeIdleConnections()
    const count = await new Promise<number>((resolve) => {
      app.server.getConnections((_error, number) => {
        resolve(number)
      })
    })
    if (count === 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
    await untilNoConnections()
  }
})
