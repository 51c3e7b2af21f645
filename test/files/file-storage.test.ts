import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStorage, ForwardingStorage, openDiskStorage, openS3Storage } from '../../files/index.js'
import { fileStorageContract, keyOf, type OpenedFileStorage } from './file-storage-contract.js'
import { s3Account, startS3Server, type S3Server } from './s3-server.js'
import { someBytes } from '../wire/transfer-client.js'

let s3: S3Server
let prefixes = 0

beforeAll(async () => {
  s3 = await startS3Server()
})
afterAll(() => s3.close())

const bucketAt = (endpoint: string, prefix: string): Promise<FileStorage> =>
  openS3Storage({ endpoint, region: 'us-east-1', bucket: s3.bucket, prefix, credentials: s3Account })
const newPrefix = (): string => `test-${String(++prefixes)}/`
const quiet = {
  onOutage: () => undefined,
  onFault: (fault: unknown): void => {
    throw fault
  },
}

/** Handles that are closed together. */
async function opened(open: () => Promise<FileStorage> | FileStorage): Promise<OpenedFileStorage> {
  const handles: FileStorage[] = []
  const another = async (): Promise<FileStorage> => {
    const handle = await open()
    handles.push(handle)
    return handle
  }
  return {
    storage: await another(),
    another,
    destroy: async () => {
      await Promise.all(handles.map((handle) => handle.close()))
    },
  }
}

fileStorageContract('files on the disk', (folder) => opened(() => openDiskStorage(join(folder, 'kept'))))

fileStorageContract('files in object storage (s3rver)', async () => {
  const prefix = newPrefix()
  const cannotRead = { range: { first: 0, last: 0 }, because: 's3rver 3.7 takes bytes=0-0 for the whole object' }
  return { ...(await opened(() => bucketAt(s3.endpoint, prefix))), cannotRead }
})

fileStorageContract('files on the disk, forwarded to object storage', async (folder) => {
  const prefix = newPrefix()
  return opened(async () => new ForwardingStorage(await openDiskStorage(join(folder, 'kept')), await bucketAt(s3.endpoint, prefix), quiet))
})

describe('a storage that cannot be reached', () => {
  test.each([
    { what: 'object storage', open: (folder: string) => bucketAt('http://127.0.0.1:1', folder) },
    {
      what: 'a disk',
      async open(folder: string) {
        const disk = await openDiskStorage(join(folder, 'kept'))
        await rm(join(folder, 'kept'), { recursive: true })
        await writeFile(join(folder, 'kept'), '')
        return disk
      },
    },
  ])('is an outage, and takes no file: $what', async ({ open }) => {
    const folder = await mkdtemp(join(tmpdir(), 'nynja-outage-'))
    const storage = await open(folder)
    const path = join(folder, 'upload')
    await writeFile(path, someBytes(10))
    const outage = { name: 'FilesOutage' }
    await expect(storage.find(keyOf(1))).rejects.toMatchObject(outage)
    await expect(storage.read(keyOf(1), { first: 0, last: 1 })).rejects.toMatchObject(outage)
    await expect(storage.keep(keyOf(1), path, { filename: 'a', type: 'image/png' })).rejects.toMatchObject(outage)
    expect(existsSync(path)).toBe(true)
    await storage.close()
    await rm(folder, { recursive: true })
  })
})

describe('forwarding', () => {
  test('a file that object storage cannot take now is served from the disk, and moves when it can, also in a later life', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nynja-forward-'))
    const server = await startS3Server()
    const disk = await openDiskStorage(folder)
    await server.stop()
    let onOutage: () => void = () => undefined
    const outage = new Promise<void>((resolve) => (onOutage = resolve))
    const first = new ForwardingStorage(disk, await bucketAt(server.endpoint, ''), { ...quiet, onOutage })
    const path = join(folder, 'upload')
    await writeFile(path, someBytes(1_000))
    await first.keep(keyOf(1), path, { filename: 'a', type: 'image/png' })
    await outage
    expect(await first.find(keyOf(1))).toEqual({ filename: 'a', type: 'image/png', size: 1_000 })
    await first.close()
    expect(existsSync(disk.pathOf(keyOf(1)))).toBe(true)

    await server.start()
    const rest = await bucketAt(server.endpoint, '')
    const second = new ForwardingStorage(disk, rest, quiet)
    await second.forwardAll()
    await second.settled()
    expect(existsSync(disk.pathOf(keyOf(1)))).toBe(false)
    expect(await rest.find(keyOf(1))).toEqual({ filename: 'a', type: 'image/png', size: 1_000 })
    expect(await second.find(keyOf(1))).toEqual({ filename: 'a', type: 'image/png', size: 1_000 })
    await Promise.all([second.close(), server.close()])
    await rm(folder, { recursive: true })
  })
})
