/** Requests of docs/protocol/rpc.md 16, on `events` and on `/ws`, with their bytes in a real folder. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStorage, openDiskStorage, openTransferFolder } from '../../files/index.js'
import { type Ftp, record, type RecordOf } from '../../protocol/index.js'
import { type RpcLimits, protocolLimits } from '../../rpc/context.js'
import { type FileKey, fileUsage, parseFileKey, uploadBatch, uploadId, uploadOwners } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { newSweep, type Sweep } from '../../rpc/runtime/worker/sweep.js'
import { FilesOutage, type TransferFiles } from '../../rpc/transfer-files.js'
import { rosterIdOf } from '../../topics/index.js'
import { type AccountWorld, ann, boris, clara, day, minute, openAccountWorld, registrationOf, type Result } from './account-world.js'

let world: AccountWorld
let folder: string
let storage: FileStorage
let files: TransferFiles
let caller: Caller
/** What the storage does instead of writing. */
let instead: (() => Promise<void>) | undefined

const limits: RpcLimits = {
  ...protocolLimits,
  fileBytes: 1_000,
  fileQuotaBytes: 2_500,
  addressFileBytes: 2_600,
  unfinishedFiles: 3,
  fileLifeMs: 10 * day,
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftp-'))
  storage = await openDiskStorage(join(folder, 'files'))
  const real = await openTransferFolder({ folder: join(folder, 'transfers'), storage, url: 'http://files/' })
  files = { ...real, write: (...block) => (instead === undefined ? real.write(...block) : instead()) }
  instead = undefined
  world = await openAccountWorld({ limits, files })
  caller = await deviceOf(ann, 'reg_ann')
})
afterEach(async () => {
  await world.close()
  await rm(folder, { recursive: true })
})

async function deviceOf(phone: typeof ann, registration: string): Promise<Caller> {
  return world.login(await world.register(registration, phone, { dev_key: registration }))
}

type Fields = Partial<Omit<Ftp, 'tag'>>
const ask = (fields: Fields, by = caller): Promise<Result> =>
  world.ask(by, record('ftp', { id: 'f', sid: '', filename: 'a.bin', ...fields }))

async function ackOf(fields: Fields, by = caller): Promise<RecordOf<'ftpack'>> {
  const { answers } = await ask(fields, by)
  const [ack, ...others] = answers
  if (ack?.tag !== 'ftpack' || others.length > 0) throw new Error(JSON.stringify(answers))
  return ack
}

const bytes = Buffer.from('0123456789')
const init = (fields: Fields = {}, by = caller) => ackOf({ size: 10, status: 'init', ...fields }, by)
const send = (offset: number, data: Uint8Array, fields: Fields = {}, by = caller) => ackOf({ offset, data, status: 'send', ...fields }, by)

function keyIn(ack: RecordOf<'ftpack'>): FileKey {
  const key = typeof ack.meta === 'string' ? parseFileKey(ack.meta.slice('http://files/'.length)) : undefined
  if (key === undefined) throw new Error(`no URL in ${JSON.stringify(ack)}`)
  return key
}

async function contentOf(key: FileKey): Promise<string> {
  return readFile(join(folder, 'files', key.slice(-2), key), 'utf8')
}

const usage = async () => {
  const row = await world.store.get(fileUsage.key(ann))
  return row === undefined ? undefined : fileUsage.decode(row)
}

test('the status is answered in the form in which it was asked, also where the transfer cannot go on', async () => {
  for (const status_form of ['atom', 'binary'] as const) {
    const id = `of ${status_form}`
    expect(await ackOf({ id, size: 5, status: 'init', status_form })).toMatchObject({ status: 'init', status_form })
    expect(await ackOf({ id: 'unknown', data: Buffer.from('01234'), status: 'send', status_form })).toMatchObject({
      status: 'error',
      status_form,
    })
  }
})

describe('ftp/init', () => {
  test('begins a file: ftpack with the bytes stored and the size of blocks', async () => {
    expect(await init()).toEqual(
      record('ftpack', { id: 'f', sid: '', filename: 'a.bin', size: 10, offset: 0, block: 32_768, status: 'init' }),
    )
    expect(await usage()).toEqual({ bytes: 10, unfinished: 1 })
  })

  test('goes on with what is stored, and tells the URL of what is complete', async () => {
    await init()
    await send(0, bytes.subarray(0, 4))
    expect(await init()).toMatchObject({ offset: 4, block: 32_768, meta: [] })
    const done = await send(4, bytes.subarray(4))
    expect(await init()).toMatchObject({ offset: 10, block: 0, meta: done.meta })
    expect(await usage()).toEqual({ bytes: 10, unfinished: 0 })
  })

  test('another size or name under the id is another file: an unfinished one gives way, a complete one keeps its URL', async () => {
    await init()
    await send(0, bytes.subarray(0, 4))
    expect(await init({ size: 8 })).toMatchObject({ offset: 0, size: 8 })
    expect(await usage()).toEqual({ bytes: 8, unfinished: 1 })
    const first = await send(0, bytes.subarray(2))
    const second = await init({ filename: 'b.bin', size: 3 }).then(() => send(0, bytes.subarray(0, 3)))
    expect([await contentOf(keyIn(first)), await contentOf(keyIn(second))]).toEqual(['23456789', '012'])
    expect(await usage()).toEqual({ bytes: 11, unfinished: 0 })
    expect(await readdir(join(folder, 'transfers'))).toEqual([])
  })

  test('begins anew if the disk has lost what was stored', async () => {
    await init()
    await send(0, bytes.subarray(0, 4))
    const [name] = await readdir(join(folder, 'transfers'))
    await truncate(join(folder, 'transfers', name!), 3)
    expect(await init()).toMatchObject({ offset: 0 })
    const done = await send(0, bytes)
    expect(await contentOf(keyIn(done))).toBe('0123456789')
  })

  test.each<{ what: string; fields: Fields; answers: object }>([
    { what: 'no id', fields: { id: '' }, answers: { error: 'invalid_data' } },
    { what: 'an id of 256 bytes', fields: { id: 'i'.repeat(256) }, answers: { error: 'invalid_data' } },
    { what: 'a name of 1025 bytes', fields: { filename: 'n'.repeat(1_025) }, answers: { error: 'invalid_data' } },
    { what: 'a size below nothing', fields: { size: -1 }, answers: { error: 'invalid_data' } },
    {
      what: 'a file that is too large',
      fields: { size: 1_001 },
      answers: { answers: [{ tag: 'ftpack', id: 'f', status: 'error', meta: 'too_large' }] },
    },
    { what: 'another request', fields: { status: 'remove' }, answers: { error: 'invalid_data' } },
  ])('refuses $what, and nothing is stored', async ({ fields, answers }) => {
    expect(await ask({ size: 10, status: 'init', ...fields })).toMatchObject(answers)
    expect(await usage()).toBeUndefined()
  })

  test('refuses what is beyond the quota of the phone, over all of its devices', async () => {
    const other = await deviceOf(ann, 'reg_tablet')
    await init({ id: '1', size: 1_000 })
    await init({ id: '1', size: 1_000 }, other)
    expect(await init({ id: '2', size: 501 })).toMatchObject({ status: 'error', meta: 'quota' })
    expect(await init({ id: '2', size: 500 })).toMatchObject({ status: 'init' })
    expect(await init({ id: '2', size: 1 }, await deviceOf(boris, 'reg_boris'))).toMatchObject({ status: 'init' })
  })

  test('refuses more unfinished files than there may be', async () => {
    for (const id of ['1', '2', '3']) await init({ id })
    expect(await init({ id: '4' })).toMatchObject({ status: 'error', meta: 'unfinished' })
    await send(0, bytes, { id: '1' })
    expect(await init({ id: '4' })).toMatchObject({ status: 'init' })
  })

  test('an id of Message/upload is for the devices of its owner, until it expires', async () => {
    const batch = uploadBatch(Buffer.alloc(16, 7))
    const id = uploadId(batch, 0)
    expect(await init({ id })).toMatchObject({ status: 'error', meta: 'not_authorized' })
    await world.put(uploadOwners.put({ owner: await world.rosterOf(ann), until: world.now + minute }, batch))
    expect(await init({ id })).toMatchObject({ status: 'init' })
    expect(await init({ id }, await deviceOf(boris, 'reg_boris'))).toMatchObject({ status: 'error', meta: 'not_authorized' })
    world.now += minute
    expect(await init({ id, size: 9 })).toMatchObject({ status: 'error', meta: 'not_authorized' })
  })

  test('of an empty file is all there is to send: it has its URL at once', async () => {
    const done = await init({ size: 0 })
    expect(done).toMatchObject({ size: 0, offset: 0, block: 0, status: 'init' })
    expect(await storage.find(keyIn(done))).toEqual({ filename: 'a.bin', type: 'application/octet-stream', size: 0 })
    expect(await init({ size: 0 })).toEqual(done)
    expect(await usage()).toEqual({ bytes: 0, unfinished: 0 })
    instead = () => Promise.reject(new FilesOutage('disk full'))
    expect(await ask({ id: 'g', size: 0, status: 'init' })).toMatchObject({ error: 'unavailable' })
  })

  test('refuses what is beyond the quota of an address on one day, whichever number it comes from', async () => {
    const callers = [caller, await deviceOf(boris, 'reg_boris'), await deviceOf(clara, 'reg_clara')] as const
    for (const [i, by] of callers.entries())
      expect(await init({ id: 'a', size: 1_000 }, by)).toMatchObject({ status: i < 2 ? 'init' : 'error' })
    expect(await init({ size: 1_000 }, callers[2])).toMatchObject({ meta: 'quota' })
    expect(await init({ size: 1_000 }, { ...callers[2], address: '192.0.2.2' })).toMatchObject({ status: 'init' })
    const v6 = (address: string): Caller => ({ ...callers[2], address })
    for (const id of ['1', '2']) await init({ id, size: 1_000 }, v6('2001:db8:0:7::1'))
    expect(await init({ id: '3', size: 601 }, v6('2001:db8::7:0:0:0:2'))).toMatchObject({ meta: 'quota' })
    world.now += day
    expect(await init({ size: 400 })).toMatchObject({ status: 'init' })
  })

  test('is for devices only', async () => {
    expect(await ask({ size: 10, status: 'init' }, registrationOf('reg_x'))).toMatchObject({ error: 'not_authorized' })
  })

  test('is unavailable on a server that keeps no files', async () => {
    const bare = await openAccountWorld()
    const by = await bare.login(await bare.register('reg_a', ann))
    for (const status of ['init', 'send']) {
      const { error } = await bare.ask(by, record('ftp', { id: 'f', sid: '', filename: '', size: 1, status }))
      expect(error).toBe('unavailable')
    }
    await bare.close()
  })
})

describe('ftp/send', () => {
  test('appends at the end of what is stored; the last block completes the file', async () => {
    await init()
    expect(await send(0, bytes.subarray(0, 6))).toMatchObject({ offset: 6, block: 32_768, meta: [], status: 'send' })
    const done = await send(6, bytes.subarray(6))
    expect(done).toMatchObject({
      offset: 10,
      block: 0,
      status: 'send',
      meta: expect.stringMatching(/^http:\/\/files\/\d{13}[0-9a-f]{64}$/) as unknown,
    })
    expect(await contentOf(keyIn(done))).toBe('0123456789')
    expect(await storage.find(keyIn(done))).toEqual({ filename: 'a.bin', type: 'application/octet-stream', size: 10 })
  })

  test.each([
    { what: 'before it', offset: 2 },
    { what: 'behind it', offset: 5 },
    { what: 'of nothing', offset: 4, data: Buffer.alloc(0) },
  ])('ignores a block $what, and tells where the end is', async ({ offset, data = Buffer.from('xx') }) => {
    await init()
    await send(0, bytes.subarray(0, 4))
    expect(await send(offset, data)).toMatchObject({ offset: 4, status: 'send' })
    expect(await contentOf(keyIn(await send(4, bytes.subarray(4))))).toBe('0123456789')
  })

  test('a block that comes again after the file is complete changes nothing, and is answered with the URL', async () => {
    await init()
    const done = await send(0, bytes)
    expect(await send(0, Buffer.from('abcdefghij'))).toMatchObject({ offset: 10, block: 0, meta: done.meta })
    expect(await contentOf(keyIn(done))).toBe('0123456789')
  })

  test.each<{ what: string; fields: Fields; answers: object }>([
    { what: 'an unknown id', fields: { id: 'g' }, answers: { answers: [{ tag: 'ftpack', id: 'g', status: 'error', meta: 'not_found' }] } },
    { what: 'no id', fields: { id: '' }, answers: { error: 'invalid_data' } },
    { what: 'a block that ends behind the file', fields: { data: Buffer.alloc(11) }, answers: { error: 'invalid_data' } },
    { what: 'a block that begins behind the file', fields: { offset: Number.MAX_SAFE_INTEGER }, answers: { error: 'invalid_data' } },
    { what: 'an offset before the file', fields: { offset: -1 }, answers: { error: 'invalid_data' } },
  ])('refuses $what, and nothing is stored', async ({ fields, answers }) => {
    await init()
    expect(await ask({ offset: 0, data: bytes, status: 'send', ...fields })).toMatchObject(answers)
    expect(await init()).toMatchObject({ offset: 0 })
    expect(await readdir(join(folder, 'transfers'))).toEqual([])
  })

  test('refuses a block larger than those of events, though the file is larger', async () => {
    const large = await openAccountWorld({ files })
    const by = await large.login(await large.register('reg_l', ann))
    const block = (data: Uint8Array) => large.ask(by, record('ftp', { id: 'f', sid: '', filename: '', offset: 0, data, status: 'send' }))
    await large.ask(by, record('ftp', { id: 'f', sid: '', filename: 'l', size: 100_000, status: 'init' }))
    expect(await block(Buffer.alloc(32_769))).toMatchObject({ error: 'invalid_data' })
    expect(await block(Buffer.alloc(32_768))).toMatchObject({ answers: [{ offset: 32_768 }] })
    await large.close()
  })

  test("another device's file of the same id is another file", async () => {
    const other = await deviceOf(boris, 'reg_boris')
    await init()
    expect(await send(0, bytes, {}, other)).toMatchObject({ status: 'error', meta: 'not_found' })
    await init({}, other)
    const [mine, theirs] = [await send(0, bytes), await send(0, Buffer.from('abcdefghij'), {}, other)]
    expect([await contentOf(keyIn(mine)), await contentOf(keyIn(theirs))]).toEqual(['0123456789', 'abcdefghij'])
  })

  test.each([
    { whose: 'of another account, with the same dev_key', next: boris, isRemoved: false },
    { whose: 'of whoever has the number after the account was removed', next: ann, isRemoved: true },
  ])('a client id that becomes that $whose takes no transfer with it', async ({ next, isRemoved }) => {
    await init({ id: 'half' })
    await send(0, bytes.subarray(0, 4), { id: 'half' })
    await init({ id: 'done' })
    await send(0, bytes, { id: 'done' })
    if (isRemoved) await world.ask(caller, record('Profile', { phone: ann, status: 'remove' }))
    world.now += minute
    const after = await deviceOf(next, 'reg_ann')
    expect(after.clientId).toBe(caller.clientId)
    expect(await send(4, bytes.subarray(4), { id: 'half' }, after)).toMatchObject({ status: 'error', meta: 'not_found' })
    for (const id of ['half', 'done']) expect(await init({ id }, after)).toMatchObject({ offset: 0, meta: [] })
    const used = await world.store.get(fileUsage.key(next))
    // What is stored counts by number, whoever has it (0184).
    expect(used && fileUsage.decode(used)).toEqual(isRemoved ? { bytes: 40, unfinished: 3 } : { bytes: 20, unfinished: 2 })
    await newSweep({ store: world.store, limits, isLive: () => false, now: () => world.now, pause: () => Promise.resolve(), files }).pass()
    // What the one before had begun is gone, from the disk as well.
    expect(await usage()).toEqual(isRemoved ? { bytes: 20, unfinished: 2 } : { bytes: 10, unfinished: 0 })
    expect(await readdir(join(folder, 'transfers'))).toEqual([])
  })

  test('what the disk does not take is unavailable and does not count; the block may be sent again', async () => {
    await init()
    instead = () => Promise.reject(new FilesOutage('disk full'))
    expect(await ask({ offset: 0, data: bytes, status: 'send' })).toMatchObject({ error: 'unavailable' })
    instead = undefined
    expect(await init()).toMatchObject({ offset: 0 })
    expect(await send(0, bytes)).toMatchObject({ offset: 10, block: 0 })
  })

  test('a last block whose commit did not live may be sent again: the file has been kept with it', async () => {
    await init()
    await send(0, bytes.subarray(0, 4))
    const [name] = await readdir(join(folder, 'transfers'))
    const key = parseFileKey(name!)!
    await files.write(key, 4, bytes.subarray(4))
    await files.keep(key, 'a.bin')
    expect(await init()).toMatchObject({ offset: 4 })
    const done = await send(4, bytes.subarray(4))
    expect(keyIn(done)).toBe(key)
    expect(await contentOf(key)).toBe('0123456789')
  })
})

describe('what expires', () => {
  const sweepWorld = () => ({
    ...{ store: world.store, limits, isLive: () => false, now: () => world.now, pause: () => Promise.resolve(), files },
  })
  const sweep = (): Sweep => newSweep(sweepWorld())

  test('an unfinished file is removed after 24 hours, with its bytes; its place is free again', async () => {
    await init()
    await send(0, bytes.subarray(0, 4))
    world.now += day - 1
    await sweep().pass()
    expect(await init()).toMatchObject({ offset: 4 })
    world.now += 1
    expect(await sweep().pass()).toMatchObject({ transfer: 1, file: 0 })
    expect(await readdir(join(folder, 'transfers'))).toEqual([])
    expect(await usage()).toBeUndefined()
    expect(await send(4, bytes.subarray(4))).toMatchObject({ status: 'error', meta: 'not_found' })
  })

  /** Puts the URL into what everybody sees of Ann. */
  const name = async (done: RecordOf<'ftpack'>, text = done.meta as string): Promise<void> => {
    const { answers } = await world.ask(
      caller,
      record('Roster', { id: rosterIdOf(await world.rosterOf(ann)), avatar: text, status: 'patch' }),
    )
    expect(answers).toEqual([])
  }

  test('a complete file that nothing names goes after a day, and one that is named stays', async () => {
    await init()
    const done = await send(0, bytes)
    await init({ id: 'g' })
    const other = await send(0, bytes, { id: 'g' })
    await name(done)
    world.now += day - 1
    expect(await sweep().pass()).toMatchObject({ unnamed: 0 })
    world.now += 1
    expect(await sweep().pass()).toMatchObject({ unnamed: 1 })
    expect([await contentOf(keyIn(done)), await storage.find(keyIn(other))]).toEqual(['0123456789', undefined])
    expect(await usage()).toEqual({ bytes: 10, unfinished: 0 })
    expect(await init({ id: 'g' })).toMatchObject({ offset: 0, block: 32_768 })
  })

  test('a file whose bytes could not be removed is removed later, and cannot be named meanwhile', async () => {
    await init()
    const done = await send(0, bytes)
    world.now += day
    const away = { ...files, remove: () => Promise.reject(new FilesOutage('away')) }
    expect(await newSweep({ ...sweepWorld(), files: away }).pass()).toMatchObject({ unnamed: 0 })
    await name(done)
    expect(await init()).toMatchObject({ offset: 0, block: 32_768 })
    expect(await sweep().pass()).toMatchObject({ unnamed: 1 })
    expect(await storage.find(keyIn(done))).toBeUndefined()
  })

  test('the files of a removed account that nothing named go with it; those that are named still count for its number', async () => {
    await init({ size: 1_000 })
    await send(0, bytes, { data: Buffer.alloc(1_000) })
    await init({ id: 'named', size: 1_000 })
    await name(await send(0, Buffer.alloc(1_000), { id: 'named' }))
    await init({ id: 'half', size: 400 })
    await world.ask(caller, record('Profile', { phone: ann, status: 'remove' }))
    world.now += minute
    caller = { ...(await deviceOf(ann, 'reg_ann')), address: '192.0.2.9' }
    expect(await init({ id: 'new', size: 200 })).toMatchObject({ meta: 'quota' })
    expect(await sweep().pass()).toMatchObject({ unnamed: 1 })
    // What was under way on its device has gone, too, though the client id is in use again.
    expect(await usage()).toEqual({ bytes: 1_000, unfinished: 0 })
    expect(await init({ id: 'new', size: 200 })).toMatchObject({ status: 'init' })
  })

  test('a complete file outlives its transfer, and goes at the age limit', async () => {
    await init()
    const done = await send(0, bytes)
    const key = keyIn(done)
    await name(done)
    world.now += 10 * day - 1
    expect(await sweep().pass()).toMatchObject({ transfer: 1, file: 0 })
    expect(await contentOf(key)).toBe('0123456789')
    world.now += 1
    expect(await sweep().pass()).toMatchObject({ transfer: 0, file: 1 })
    expect(await storage.find(key)).toBeUndefined()
    expect(await usage()).toBeUndefined()
  })

  test('bytes that nobody knows any more are removed from the disk', async () => {
    const orphan = parseFileKey(`${String(world.now)}${'ab'.repeat(32)}`)!
    await files.write(orphan, 0, bytes)
    world.now = Date.now() + 3 * day
    await sweep().pass()
    expect(await readdir(join(folder, 'transfers'))).toEqual([])
  })
})
