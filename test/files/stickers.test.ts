/** Packs of stickers: what an operator may load, and what a server shows of it while it changes. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { newStickerShelf, openStickerFolder, type PackOnShelf, readPacks } from '../../files/index.js'
import { record } from '../../protocol/index.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stickers-'))
})
afterEach(() => rm(folder, { recursive: true }))

const png = Buffer.from('\x89PNG\r\n\x1a\n and then some', 'latin1')

async function put(path: string, content: unknown): Promise<void> {
  const whole = join(folder, path)
  await mkdir(dirname(whole), { recursive: true })
  await writeFile(whole, content instanceof Uint8Array ? content : JSON.stringify(content))
}

const pack = (parts: object = {}) => ({ id: 7, name: 'Cats', stickers: [{ file: 'a.png' }], ...parts })

describe('reading an operator’s folder', () => {
  test('takes the pack in it, with its pictures', async () => {
    await put('pack.json', pack({ stickers: [{ file: 'a.png', emoji: '👋' }, { url: 'https://x.example/y.webp' }] }))
    await put('a.png', png)
    const read = await readPacks(folder)
    if (read.kind === 'problems') throw new Error(read.problems.join())
    expect(read.packs.map(({ source }) => source)).toEqual([
      {
        ...{ id: 7, name: 'Cats', keywords: [], description: '', author: '' },
        stickers: [{ file: 'a.png', emoji: '👋' }, { url: 'https://x.example/y.webp' }],
      },
    ])
    expect([...read.packs[0]!.pictures.values()]).toMatchObject([{ file: 'a.png', sum: expect.stringMatching(/^[0-9a-f]{64}$/) }])
  })

  test('takes those in its subfolders', async () => {
    for (const id of [1, 2]) {
      await put(`${String(id)}/pack.json`, pack({ id }))
      await put(`${String(id)}/a.png`, png)
    }
    await put('notes/readme.txt', 'x')
    const read = await readPacks(folder)
    expect(read.kind === 'packs' && read.packs.map(({ source }) => source.id)).toEqual([1, 2])
  })

  for (const [why, files, problem] of [
    ['holds no pack', {}, 'there is no pack.json'],
    ['is no JSON', { 'pack.json': Buffer.from('{') }, 'expected object'],
    ['has no name', { 'pack.json': { id: 7, stickers: [{ url: 'https://x.example/' }] } }, 'name'],
    ['has another field', { 'pack.json': pack({ colour: 'red' }) }, 'colour'],
    ['has the id 0', { 'pack.json': pack({ id: 0 }) }, 'id'],
    ['has no stickers', { 'pack.json': pack({ stickers: [] }) }, 'stickers'],
    ['has a sticker of both kinds', { 'pack.json': pack({ stickers: [{ file: 'a.png', url: 'https://x.example/' }] }) }, 'either'],
    ['has a sticker of no kind', { 'pack.json': pack({ stickers: [{ emoji: 'x' }] }) }, 'either'],
    ['leads out of the folder', { 'pack.json': pack({ stickers: [{ file: '../a.png' }] }) }, 'in the folder of the pack'],
    ['has a URL that is no web address', { 'pack.json': pack({ stickers: [{ url: 'file:///etc/passwd' }] }) }, 'url'],
    ['names a picture that is not there', { 'pack.json': pack() }, 'is not there'],
    ['names a picture that is none', { 'pack.json': pack(), 'a.png': Buffer.from('<svg/>') }, 'is no PNG'],
    ['has a picture too large', { 'pack.json': pack(), 'a.png': Buffer.concat([png, Buffer.alloc(1_048_576)]) }, 'more than 1 MiB'],
    [
      'has two packs of one id',
      { 'a/pack.json': pack(), 'a/a.png': png, 'b/pack.json': pack(), 'b/a.png': png },
      'two packs have the id 7',
    ],
  ] as const)
    test(`that ${why} is refused, and says why`, async () => {
      for (const [path, content] of Object.entries(files)) await put(path, content)
      const read = await readPacks(folder)
      expect(read.kind === 'problems' ? read.problems.join('\n') : '').toContain(problem)
    })
})

describe('the shelf of a server', () => {
  const key = `${'1'.repeat(13)}${'a'.repeat(64)}`
  const shelved = (id: number, parts: Partial<PackOnShelf> = {}): PackOnShelf => ({
    ...{ id, name: `Pack ${String(id)}`, keywords: ['cat'], description: 'd', author: 'a', created: 1, updated: 2, stickers: [] },
    ...parts,
  })

  test('shows a pack as the record that clients get', async () => {
    const shelf = await openStickerFolder(folder)
    const stickers = [
      { key, filename: 'a.png', size: 9, emoji: '👋' },
      { url: 'https://x.example/y', filename: '', size: 0 },
    ]
    await shelf.write(shelved(7, { stickers }))
    const shown = { mime: 'sticker', size: 9, filename: 'a.png' }
    const smile = [record('Feature', { key: 'SMILE', value: '👋', group: 'FILE_DATA' })]
    const parts = { urlOf: (one: string) => `https://f/${one}`, onBroken: () => undefined, now: Date.now }
    expect(await newStickerShelf(shelf, parts).packs()).toEqual([
      record('StickerPack', {
        ...{ id: 7, name: 'Pack 7', keywords: ['cat'], description: 'd', author: 'a', created: 1, updated: 2 },
        stickers: [
          record('Desc', { id: '7-0', ...shown, payload: `https://f/${key}`, data: smile }),
          record('Desc', { id: '7-1', mime: 'sticker', payload: 'https://x.example/y' }),
        ],
      }),
    ])
    const withoutHttp = await newStickerShelf(shelf, { ...parts, urlOf: () => null }).packs()
    expect(withoutHttp[0]?.stickers.map(({ id }) => id)).toEqual(['7-1'])
  })

  test('sees every change at once, and reads nothing again that has not changed', async () => {
    const shelf = await openStickerFolder(folder)
    let reads = 0
    const counted = { ...shelf, read: (onBroken: (name: string) => void) => (reads++, shelf.read(onBroken)) }
    let clock = Date.now()
    const packs = newStickerShelf(counted, { urlOf: () => null, onBroken: () => undefined, now: () => clock })
    const ids = async () => (await packs.packs()).map(({ id }) => id)
    await shelf.write(shelved(10))
    expect(await ids()).toEqual([10])
    // As coarse as a file system may be: the next change leaves the same time.
    const seconds = Math.floor(clock / 1_000)
    await utimes(folder, seconds, seconds)
    expect(await ids()).toEqual([10])
    await shelf.write(shelved(9))
    await utimes(folder, seconds, seconds)
    expect(await ids()).toEqual([9, 10])
    clock += 10_000
    await ids()
    const readSoFar = reads
    await ids()
    expect(reads).toBe(readSoFar)
    expect([await shelf.remove(9), await shelf.remove(9)]).toEqual([true, false])
    expect(await ids()).toEqual([10])
  })

  test('leaves out what is no pack, and tells of it', async () => {
    const shelf = await openStickerFolder(folder)
    await shelf.write(shelved(1))
    await writeFile(join(folder, '2.json'), '{"id":')
    await writeFile(join(folder, 'notes.txt'), 'x')
    const broken: string[] = []
    const parts = { urlOf: () => null, onBroken: (name: string) => void broken.push(name), now: Date.now }
    expect((await newStickerShelf(shelf, parts).packs()).map(({ id }) => id)).toEqual([1])
    expect(broken).toEqual(['2.json'])
  })
})
