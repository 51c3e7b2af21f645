/** Who is served over HTTP when there is no room for all. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStorage, openDiskStorage } from '../../files/index.js'
import { createPublicServer, type HttpServer } from '../../server/http.js'
import { HttpPlaces, type HttpRoom } from '../../server/http-places.js'
import { reading } from '../clock/readings.js'
import { eventually } from '../faults/mortal-server.js'
import { keyOf } from '../files/file-storage-contract.js'

const room: HttpRoom = { places: 40, busy: 32, downloads: 16, hardlyReadMs: 10_000, progressMs: 120_000 }
/** Large enough that no socket buffer takes it whole. */
const large = 32 * 1024 * 1024
const key = keyOf(1)
/** Another address of this machine: all of 127.0.0.0/8 are its own. */
const [stranger, friend] = ['127.0.0.2', '127.0.0.3']

let folder: string
let storage: FileStorage
let server: HttpServer
let port: number
let clock: number
const turnedAway: string[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-room-'))
  storage = await openDiskStorage(join(folder, 'files'))
  await writeFile(join(folder, 'upload'), Buffer.alloc(large))
  await storage.keep(key, join(folder, 'upload'), { filename: 'a', type: 'image/jpeg' })
  clock = 0
  server = createPublicServer({
    readiness: () => ({ kind: 'ready' }),
    files: storage,
    schemas: () =>
      new Map([['/schemas/large.json', { contentType: 'application/schema+json', body: '', bytes: Buffer.alloc(large), etag: '"x"' }]]),
    // Who is idle goes for others here, not by himself.
    requestTimeoutMs: 250_000,
    room,
    elapsed: () => reading(clock),
    onTurnedAway: (because, address) => turnedAway.push(`${because} ${address}`),
  })
  port = await server.start('127.0.0.1', 0)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  turnedAway.length = 0
  await server.close()
  await rm(folder, { recursive: true })
})

/** A socket that reads nothing after what it is answered first. */
async function open(localAddress: string, head = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (head === '') return socket.resume()
  socket.write(head)
  await Promise.race([once(socket, 'readable'), once(socket, 'close')])
  return socket
}

async function many(count: number, from: string, head?: string): Promise<readonly Socket[]> {
  const opened: Socket[] = []
  for (let i = 0; i < count; i++) opened.push(await open(from, head))
  return opened
}

const download = `GET /files/${key} HTTP/1.1\r\nHost: x\r\n\r\n`

/** What a peer of its own connection is answered. */
function ask(path: string, localAddress = friend, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, localAddress, agent: false }, (response) => {
      response.destroy()
      resolve(response.statusCode)
    })
    asking.once('error', reject).end()
  })
}

function endedOf(some: readonly Socket[]): readonly Socket[] {
  return some.filter((socket) => socket.closed)
}

test('idle connections give way to whoever comes, those of the address with most first', async () => {
  const others = await many(5, friend)
  const crowd = await many(100, stranger)
  expect(await ask('/healthz')).toBe(200)
  expect(await ask('/healthz', stranger)).toBe(200)
  expect(await ask(`/files/${key}`, friend, 'HEAD')).toBe(200)
  await eventually('the oldest of the crowd have gone', () => endedOf(crowd).length >= 65)
  expect(endedOf(others)).toEqual([])
  expect(new Set(turnedAway)).toEqual(new Set([`crowded ${stranger}`]))
})

describe('downloads that are not read', () => {
  test('take no place from health, and none from another address', async () => {
    await many(60, stranger, download)
    expect(await ask('/healthz')).toBe(200)
    expect(await ask('/healthz', stranger)).toBe(200)
    expect(await ask(`/files/${key}`)).toBe(200)
    expect(new Set(turnedAway)).toEqual(new Set([`crowded ${stranger}`]))
  })

  test('take none from their own address either once they have not been read for a while', async () => {
    await many(16, stranger, download)
    expect(await ask(`/files/${key}`, stranger)).toBe(503)
    clock += room.hardlyReadMs
    expect(await ask(`/files/${key}`, stranger)).toBe(200)
  })

  test('are cut off after a while', async () => {
    const [unread] = await many(1, stranger, download)
    await eventually('it is cut off', () => {
      clock += room.progressMs
      return turnedAway.includes(`unread ${stranger}`)
    })
    const closed = once(unread as Socket, 'close')
    ;(unread as Socket).resume()
    await closed
  })
})

test('what is read, however slowly, is not cut off', () => {
  let now = 0
  const places = new HttpPlaces({ room, onTurnedAway: (because) => turnedAway.push(because), elapsed: () => reading(now) })
  const written = { bytesWritten: 1_000_000, writableLength: 900_000 }
  const socket = Object.assign(new Socket(), { destroy: () => undefined })
  for (const name of ['bytesWritten', 'writableLength'] as const) Object.defineProperty(socket, name, { get: () => written[name] })
  expect([places.enter(socket), places.answer(socket)]).toEqual([true, true])
  for (; written.writableLength > 0; written.writableLength -= 65_536) {
    now += room.progressMs - 1
    places.sweep()
    // More waits to be sent: that is not what it has taken.
    written.bytesWritten += 1
    written.writableLength += 1
  }
  places.sweep()
  expect(turnedAway).toEqual([])
  now += room.progressMs
  places.sweep()
  expect(turnedAway).toEqual(['unread'])
})

test('answers of all kinds leave room for health, to their own address as well', async () => {
  await many(60, stranger, 'GET /schemas/large.json HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await ask('/schemas/large.json', stranger)).toBe(503)
  expect(await ask('/healthz', stranger)).toBe(200)
  expect(await ask('/readyz', stranger)).toBe(200)
  expect(await ask(`/files/${key}`, friend)).toBe(200)
})
