/** File transfer over real sockets, by the rules of docs/protocol/rpc.md 16. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Codec, type Dialect, encode, record } from '../../protocol/index.js'
import { openS3Storage } from '../../files/index.js'
import { parseFileKey } from '../../rpc/index.js'
import { eventually } from '../faults/mortal-server.js'
import { s3Account, startS3Server } from '../files/s3-server.js'
import { type Account, come, eventsTopic, recordOf, register } from './requests.js'
import { type Ack, dialTransfers, someBytes, upload } from './transfer-client.js'
import { startWireServer, type WireServer } from './wire-server.js'
import type { WireDevice } from './wire-device.js'

let server: WireServer
let ann: Account
let bob: Account

beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_HTTP_PORT: '0', NYNJA_FILES_MAX_MIB: '2', NYNJA_FILES_UNFINISHED: '8' })
  ann = await register(server.mqtt, 'ann', '380670000001')
  bob = await register(server.mqtt, 'bob', '380670000002')
})
afterAll(() => server.close())

const urlOf = ({ meta }: Ack): string => {
  if (typeof meta !== 'string') throw new Error('no URL')
  return meta
}

async function download(ack: Ack, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(urlOf(ack), { headers })
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), someBytes(700_000)])

describe.each<Codec>(['bert', 'msgpack', 'json'])('on /ws in %s', (codec) => {
  test('a file is announced, sent in blocks of 256000 bytes and downloaded', async () => {
    const client = await dialTransfers(server.ws, ann.token, codec)
    expect(await client.ask({ id: codec, filename: 'cat.jpg', size: jpeg.length, status: 'init' })).toMatchObject({
      ...{ tag: 'ftpack', id: codec, sid: '', filename: 'cat.jpg', meta: [] },
      ...{ size: jpeg.length, offset: 0, block: 256_000, status: 'init' },
    })
    const first = await client.ask({ id: codec, offset: 0, data: jpeg.subarray(0, 256_000), status: 'send' })
    expect(first).toMatchObject({ offset: 256_000, block: 256_000, meta: [], status: 'send' })
    const last = await upload(client, codec, 'cat.jpg', jpeg)
    expect(last).toMatchObject({ offset: jpeg.length, block: 0, status: 'send' })
    expect(urlOf(last)).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${String(server.http)}/files/\\d{13}[0-9a-f]{64}$`))
    const response = await download(last)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect((await bytesOf(response)).equals(jpeg)).toBe(true)
    client.cut()
  })
})

describe.each<{ codec: Codec; dialect: Dialect }>([
  { codec: 'bert', dialect: 'v1' },
  { codec: 'bert', dialect: 'v11' },
  { codec: 'msgpack', dialect: 'v11' },
  { codec: 'json', dialect: 'v1' },
])('on events in $codec, $dialect', ({ codec, dialect }) => {
  test('a file is sent in blocks of 32768 bytes; the answers come on act', async () => {
    const device = await come(server.mqtt, bob)
    const id = `${codec}-${dialect}`
    const bytes = someBytes(70_000)
    let ack = await askOnEvents(device, { codec, dialect }, { id, filename: 'notes', size: bytes.length, status: 'init' })
    expect(ack).toMatchObject({ offset: 0, block: 32_768, status: 'init' })
    for (let blocks = 0; ack.block > 0 && blocks < 3; blocks++) {
      const data = bytes.subarray(ack.offset, ack.offset + ack.block)
      ack = await askOnEvents(device, { codec, dialect }, { id, filename: '', offset: ack.offset, data, status: 'send' })
    }
    expect(ack).toMatchObject({ offset: bytes.length, block: 0, status: 'send' })
    const response = await download(ack)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="notes"; filename*=UTF-8''notes`)
    expect((await bytesOf(response)).equals(bytes)).toBe(true)
    await device.disconnect()
  })
})

async function askOnEvents(
  device: WireDevice,
  encoding: { codec: Codec; dialect: Dialect },
  fields: Parameters<typeof record<'ftp'>>[1],
): Promise<Ack> {
  await device.publish(eventsTopic, encode(record('ftp', { sid: '', ...fields }), encoding))
  const push = await device.pushes.take('ftpack', ({ topic }) => topic === `actions/1/api/${bob.clientId}`)
  const answered = recordOf(push, encoding.dialect)
  if (answered.tag !== 'ftpack') throw new Error(JSON.stringify(answered))
  return answered
}

test('an empty file is downloaded as one', async () => {
  const client = await dialTransfers(server.ws, ann.token)
  const done = await upload(client, 'empty', 'empty.txt', Buffer.alloc(0))
  for (const method of ['GET', 'HEAD']) {
    const response = await fetch(urlOf(done), { method })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', ''])
  }
  expect((await download(done, { range: 'bytes=0-' })).status).toBe(416)
  client.cut()
})

test('with object storage, a complete file moves there, and is downloaded under the same URL', async () => {
  const s3 = await startS3Server()
  const served = await startWireServer({
    ...{ NYNJA_WS_PORT: '0', NYNJA_HTTP_PORT: '0', NYNJA_FILES_STORAGE: 's3', NYNJA_FILES_S3_ENDPOINT: s3.endpoint },
    ...{ NYNJA_FILES_S3_BUCKET: s3.bucket, NYNJA_FILES_S3_PREFIX: 'chat/' },
    ...{ NYNJA_FILES_S3_ACCESS_KEY: s3Account.accessKeyId, NYNJA_FILES_S3_SECRET_KEY: s3Account.secretAccessKey },
  })
  const eve = await register(served.mqtt, 'eve', '380670000009')
  const client = await dialTransfers(served.ws, eve.token)
  const done = await upload(client, 'photo', 'photo.jpg', jpeg)
  expect((await bytesOf(await download(done))).equals(jpeg)).toBe(true)
  const bucket = await openS3Storage({
    endpoint: s3.endpoint,
    region: 'us-east-1',
    bucket: s3.bucket,
    prefix: 'chat/',
    credentials: s3Account,
  })
  const key = parseFileKey(new URL(urlOf(done)).pathname.slice('/files/'.length))!
  await eventually('the file is in the bucket', async () => (await bucket.find(key)) !== undefined)
  expect(await bucket.find(key)).toEqual({ filename: 'photo.jpg', type: 'image/jpeg', size: jpeg.length })
  const empty = await upload(client, 'empty', 'empty.txt', Buffer.alloc(0))
  const emptyKey = parseFileKey(new URL(urlOf(empty)).pathname.slice('/files/'.length))!
  await eventually('the empty one is, too', async () => (await bucket.find(emptyKey))?.size === 0)
  expect(await (await download(empty)).text()).toBe('')
  const part = await download(done, { range: 'bytes=3-9' })
  expect([part.status, (await bytesOf(part)).equals(jpeg.subarray(3, 10))]).toEqual([206, true])
  client.cut()
  await Promise.all([bucket.close(), served.close(), s3.close()])
})
