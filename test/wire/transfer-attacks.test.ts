/** What a hostile or broken peer tries on `/ws`, and what comes of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode, limits, ok, pair, record } from '../../protocol/index.js'
import { type Account, bert, come, eventsTopic, register } from './requests.js'
import { dialTransfers, someBytes, type TransferClient, upload } from './transfer-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let folder: string
let ann: Account
let bob: Account

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-attack-'))
  const paths = { NYNJA_DATA_DIR: join(folder, 'data'), NYNJA_HTTP_PORT: '0', NYNJA_WS_PORT: '0' }
  server = await startWireServer({ ...paths, NYNJA_FILES_MAX_MIB: '1', NYNJA_FILES_QUOTA_MIB: '3' })
  ann = await register(server.mqtt, 'ann', '380670000001')
  bob = await register(server.mqtt, 'bob', '380670000002')
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const dial = (account: Account): Promise<TransferClient> => dialTransfers(server.ws, account.token)
const get = (meta: unknown): Promise<Response> => fetch(String(meta))

test.each([
  { what: 'without a token', sid: '' },
  { what: 'with a token nobody has', sid: 'f'.repeat(64) },
  { what: 'with the client id of a device', sid: 'emqttd_ann' },
])('a connection $what is closed, whatever it asks', async ({ sid }) => {
  for (const status of ['init', 'send', 'remove']) {
    const client = await dial(ann)
    client.send({ sid, size: 1, status })
    expect(await client.closed).toBe(1008)
    expect(client.acks.items).toEqual([])
  }
})

test('a token that has been logged out closes the connection that shows it', async () => {
  const eve = await register(server.mqtt, 'eve', '380670000003')
  const client = await dial(eve)
  expect(await client.ask({ size: 10, status: 'init' })).toMatchObject({ status: 'init' })
  const device = await come(server.mqtt, eve)
  // The server may close before the handshake of a higher QoS is through.
  await device.publish(eventsTopic, encode(record('Auth', { type: 'logout' }), bert), { qos: 0 })
  await device.closed
  client.send({ size: 10, status: 'init' })
  expect(await client.closed).toBe(1008)
})

test('a token that another has replaced closes the connection that shows it', async () => {
  const [before, after] = [await register(server.mqtt, 'eva', '380670000005'), await register(server.mqtt, 'eva', '380670000005')]
  expect(after.clientId).toBe(before.clientId)
  const [old, fresh] = [await dial(before), await dial(after)]
  old.send({ size: 10, status: 'init' })
  expect(await old.closed).toBe(1008)
  expect(await fresh.ask({ size: 10, status: 'init' })).toMatchObject({ status: 'init' })
  fresh.cut()
})

test.each([
  { what: 'text', frame: () => '{"tag":"ftp"}', code: 1003 },
  { what: 'no record', frame: () => Buffer.from([131, 104, 255]), code: 1007 },
  { what: 'an empty frame', frame: () => Buffer.alloc(0), code: 1007 },
  { what: 'another record', frame: () => encode(ok('login', pair('a', 'b')), { codec: 'bert', dialect: 'v1' }), code: 1007 },
  { what: 'a frame beyond the limit', frame: () => Buffer.alloc(limits.ftpFrameBytes + 1), code: 1009 },
])('a connection that sends $what is closed', async ({ frame, code }) => {
  const client = await dial(ann)
  client.sendBytes(frame())
  expect(await client.closed).toBe(code)
})

test('names that look like paths lead nowhere: the file lies under its key, and is downloaded under a plain name', async () => {
  const client = await dial(ann)
  for (const name of ['../../../../etc/passwd', '/etc/shadow', '..\\..\\boot.ini', 'a\u0000b/../../c', '%2e%2e%2fx', '.htaccess']) {
    const ack = await upload(client, name, name, Buffer.from('<script>alert(1)</script>'))
    expect(ack.block).toBe(0)
    const response = await get(ack.meta)
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="[^/\\.][^/\\]*"; filename\*=UTF-8''[^/\\]+$/)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(await response.text()).toBe('<script>alert(1)</script>')
  }
  expect(await readdir(folder)).toEqual(['data'])
  for (const own of await readdir(join(folder, 'data'))) expect(own).toMatch(/^[a-z]+$/)
  for (const kept of await readdir(join(folder, 'data', 'files'))) expect(kept).toMatch(/^[0-9a-f]{2}$/)
  client.cut()
})

test('a page that begins like a picture is served as a picture, and never as a page', async () => {
  const client = await dial(ann)
  const page = Buffer.concat([Buffer.from('GIF89a'), Buffer.from('/*<html><script>alert(1)</script>')])
  const response = await get((await upload(client, 'gif', 'index.html', page)).meta)
  expect([response.headers.get('content-type'), response.headers.get('x-content-type-options')]).toEqual(['image/gif', 'nosniff'])
  client.cut()
})

test("another's file is not reached by its id: it cannot be looked at, written to or finished", async () => {
  const [mine, theirs] = [await dial(ann), await dial(bob)]
  await mine.ask({ id: 'secret', filename: 's', size: 10, status: 'init' })
  await mine.ask({ id: 'secret', offset: 0, data: Buffer.from('01234'), status: 'send' })
  expect(await theirs.ask({ id: 'secret', offset: 5, data: Buffer.from('XXXXX'), status: 'send' })).toMatchObject({
    ...{ status: 'error', meta: 'not_found', offset: 0 },
  })
  expect(await theirs.ask({ id: 'secret', filename: 's', size: 10, status: 'init' })).toMatchObject({ offset: 0 })
  const done = await mine.ask({ id: 'secret', offset: 5, data: Buffer.from('56789'), status: 'send' })
  expect(await (await get(done.meta)).text()).toBe('0123456789')
  mine.cut()
  theirs.cut()
})

test.each([
  { what: 'a file of more than the limit', fields: { size: 1_048_577, status: 'init' }, meta: 'too_large' },
  { what: 'a size beyond all', fields: { size: Number.MAX_SAFE_INTEGER, status: 'init' }, meta: 'too_large' },
  { what: 'a size below nothing', fields: { size: -5, status: 'init' }, meta: 'invalid_data' },
  { what: 'more bytes than were announced', fields: { id: 'small', offset: 0, data: someBytes(11), status: 'send' }, meta: 'invalid_data' },
  { what: 'a block beyond the limit', fields: { id: 'small', data: someBytes(256_001), status: 'send' }, meta: 'invalid_data' },
  { what: 'an offset beyond the file', fields: { id: 'small', offset: 2 ** 52, data: someBytes(1), status: 'send' }, meta: 'invalid_data' },
  { what: 'something else', fields: { status: 'delete' }, meta: 'invalid_data' },
])('$what is answered by ftpack with status error', async ({ fields, meta }) => {
  const client = await dial(bob)
  await client.ask({ id: 'small', filename: 's', size: 10, status: 'init' })
  expect(await client.ask(fields)).toMatchObject({ status: 'error', meta })
  expect(await client.ask({ id: 'small', filename: 's', size: 10, status: 'init' })).toMatchObject({ offset: 0 })
  client.cut()
})

test('two connections that send one file at once: each block is of one of them, whole, and both learn where the end is', async () => {
  const block = 100_000
  const [a, b] = [await dial(ann), await dial(ann)]
  await a.ask({ id: 'both', filename: 'b', size: 10 * block, status: 'init' })
  for (let i = 0; i < 10; i++) {
    a.send({ id: 'both', offset: i * block, data: Buffer.alloc(block, 'a'), status: 'send' })
    b.send({ id: 'both', offset: i * block, data: Buffer.alloc(block, 'b'), status: 'send' })
  }
  let meta: unknown
  for (let i = 1; i <= 10; i++) {
    const [ofA, ofB] = [await a.acks.take('an answer'), await b.acks.take('an answer')]
    for (const { offset } of [ofA, ofB]) expect(offset).toBeGreaterThanOrEqual(i * block)
    if (i === 10) expect(ofA.meta).toEqual((meta = ofB.meta))
  }
  const text = await (await get(meta)).text()
  expect(text.length).toBe(10 * block)
  for (let i = 0; i < 10; i++) expect(text.slice(i * block, (i + 1) * block)).toMatch(/^(a+|b+)$/)
  a.cut()
  b.cut()
})

test('a connection cut in the middle goes on where it was, and the file is what was sent', async () => {
  const bytes = someBytes(1_000_000)
  let stored = 0
  for (let i = 0; i < 3; i++) {
    const client = await dial(ann)
    const begun = await client.ask({ id: 'cut', filename: 'c', size: bytes.length, status: 'init' })
    expect(begun.offset).toBeGreaterThanOrEqual(stored)
    const ack = await client.ask({
      id: 'cut',
      offset: begun.offset,
      data: bytes.subarray(begun.offset, begun.offset + 200_000),
      status: 'send',
    })
    stored = ack.offset
    client.send({ id: 'cut', offset: stored, data: bytes.subarray(stored, stored + 50_000), status: 'send' })
    client.cut()
  }
  const client = await dial(ann)
  const done = await upload(client, 'cut', 'c', bytes)
  expect(Buffer.from(await (await get(done.meta)).arrayBuffer()).equals(bytes)).toBe(true)
  client.cut()
})

test('the quota of a phone is kept', async () => {
  const eve = await register(server.mqtt, 'eve2', '380670000004')
  const client = await dial(eve)
  const size = 1024 * 1024
  for (const id of ['1', '2', '3']) expect(await client.ask({ id, size, status: 'init' })).toMatchObject({ status: 'init' })
  expect(await client.ask({ id: '4', size: 1, status: 'init' })).toMatchObject({ status: 'error', meta: 'quota' })
  client.cut()
})
