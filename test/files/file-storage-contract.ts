import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteRange, FileStorage } from '../../files/index.js'
import { type FileKey, parseFileKey } from '../../rpc/index.js'
import { someBytes } from '../wire/transfer-client.js'

export interface OpenedFileStorage {
  readonly storage: FileStorage
  /** A range this one cannot serve, and why; the suite then wants an outage, never other bytes. */
  readonly cannotRead?: { readonly range: ByteRange; readonly because: string }
  /** Another handle on the same files, as another thread or a later life of the process has it. */
  another(): Promise<FileStorage>
  destroy(): Promise<void>
}

export function keyOf(number: number): FileKey {
  const key = parseFileKey(`1700000000000${String(number).padStart(64, '0')}`)
  if (key === undefined) throw new Error('no key')
  return key
}

/** The promises of the FileStorage contract. @param open gives an empty storage; `folder` is one of the test */
export function fileStorageContract(name: string, open: (folder: string) => Promise<OpenedFileStorage>): void {
  describe(name, () => {
    let folder: string
    let opened: OpenedFileStorage
    let storage: FileStorage
    const about = { filename: 'кіт "1".jpg', type: 'image/jpeg' }
    const [key, other] = [keyOf(1), keyOf(2)]

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'nynja-files-'))
      opened = await open(folder)
      storage = opened.storage
    })
    afterEach(async () => {
      await opened.destroy()
      await rm(folder, { recursive: true, force: true })
    })

    async function fileOf(bytes: Uint8Array): Promise<string> {
      const path = join(folder, 'upload')
      await writeFile(path, bytes)
      return path
    }

    async function bytesOf(range: ByteRange, from = storage): Promise<Buffer> {
      const chunks: Buffer[] = []
      for await (const chunk of (await from.read(key, range)) ?? []) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    }

    test('a file that was kept is found with its size, name and type, and read byte by byte as it was', async () => {
      const bytes = someBytes(6_000_001)
      const path = await fileOf(bytes)
      await storage.keep(key, path, about)
      expect(existsSync(path)).toBe(false)
      expect(await storage.find(key)).toEqual({ ...about, size: bytes.length })
      expect((await bytesOf({ first: 0, last: bytes.length - 1 })).equals(bytes)).toBe(true)
    })

    test.each([
      { range: { first: 0, last: 0 } },
      { range: { first: 99_999, last: 99_999 } },
      { range: { first: 1, last: 70_000 } },
      { range: { first: 0, last: 99_999 } },
    ])('bytes $range.first to $range.last are read, no more and no fewer', async ({ range }) => {
      const bytes = someBytes(100_000)
      await storage.keep(key, await fileOf(bytes), about)
      const { cannotRead } = opened
      if (cannotRead?.range.first === range.first && cannotRead.range.last === range.last) {
        process.stderr.write(`${name} cannot read bytes ${String(range.first)} to ${String(range.last)}: ${cannotRead.because}\n`)
        await expect(storage.read(key, range)).rejects.toMatchObject({ name: 'FilesOutage' })
        return
      }
      expect((await bytesOf(range)).equals(bytes.subarray(range.first, range.last + 1))).toBe(true)
    })

    test('another handle sees it at once', async () => {
      await storage.keep(key, await fileOf(someBytes(10)), about)
      const second = await opened.another()
      expect(await second.find(key)).toEqual({ ...about, size: 10 })
      expect((await bytesOf({ first: 0, last: 9 }, second)).equals(someBytes(10))).toBe(true)
    })

    test('to keep it again, from the same bytes or when they have been taken already, changes nothing', async () => {
      const path = await fileOf(someBytes(10))
      await storage.keep(key, path, about)
      await storage.keep(key, path, about)
      await storage.keep(key, await fileOf(someBytes(10)), about)
      expect(await storage.find(key)).toEqual({ ...about, size: 10 })
      expect(existsSync(path)).toBe(false)
    })

    test('what was never kept is not found, not read, and cannot be kept from nothing', async () => {
      expect(await storage.find(other)).toBeUndefined()
      expect(await storage.read(other, { first: 0, last: 0 })).toBeUndefined()
      await expect(storage.keep(other, join(folder, 'nothing'), about)).rejects.toMatchObject({ name: 'FilesOutage' })
      expect(await storage.find(other)).toBeUndefined()
    })

    test('what was removed is gone for every handle; to remove it again is no fault', async () => {
      await storage.keep(key, await fileOf(someBytes(10)), about)
      await storage.remove(key)
      await storage.remove(key)
      expect(await storage.find(key)).toBeUndefined()
      expect(await (await opened.another()).find(key)).toBeUndefined()
    })
  })
}
