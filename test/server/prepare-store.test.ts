import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { layouts } from '../../rpc/documents/index.js'
import { openLog } from '../../server/log.js'
import { prepareStore } from '../../server/open-store.js'
import { loadOptions } from '../../server/options-load.js'
import { StartProblem } from '../../server/start-problem.js'
import { openLmdbStore, type Store } from '../../store/index.js'
import { writeOldStore } from '../rpc/migrations/old-store.js'
import type { LogLine } from '../wire/wire-server.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nynja-prepare-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** As the engine chose it when it made the file. */
const pageBytes = 4_096
const dataFile = (): string => join(folder, 'store', 'data.mdb')

/** @returns the lines that were logged */
async function prepare(): Promise<readonly LogLine[]> {
  const loaded = loadOptions([`--data-dir=${folder}`], {}, folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  const lines: LogLine[] = []
  const log = openLog('info', { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) })
  await prepareStore(loaded.options, log, () => undefined)
  return lines
}

for (const { what, damage, told } of [
  { what: 'is empty', damage: () => truncateSync(dataFile()), told: /data\.mdb cannot be opened: it is empty\. .*backup/ },
  { what: 'ends in its first page', damage: () => truncateSync(dataFile(), 100), told: /it ends after 100 bytes/ },
  { what: 'ends in its second page', damage: () => truncateSync(dataFile(), 2 * pageBytes - 1), told: /it ends after \d+ bytes/ },
  { what: 'lacks the pages that were flushed', damage: () => truncateSync(dataFile(), 2 * pageBytes), told: /it is cut off after 2 pages/ },
  {
    what: 'was never flushed',
    damage: () => writeFileSync(dataFile(), readFileSync(dataFile()).fill(0, pageBytes / 2, pageBytes)),
    told: /nothing in it was ever written to the end/,
  },
  {
    what: 'is something else',
    damage: () => writeFileSync(dataFile(), 'A letter to the editor.\n'.repeat(1_000)),
    told: /it does not begin as a data file does/,
  },
  { what: 'is all zeros', damage: () => writeFileSync(dataFile(), Buffer.alloc(65_536)), told: /it does not begin as a data file does/ },
] as const)
  test(`a data file that ${what} stops the start with words, before the engine maps it`, async () => {
    await prepare()
    damage()
    const size = statSync(dataFile()).size
    await expect(prepare()).rejects.toThrow(told)
    await expect(prepare()).rejects.toThrow(StartProblem)
    expect(statSync(dataFile()).size).toBe(size)
  })

test('what a start that died has left of a new store does not hinder the next', async () => {
  mkdirSync(join(folder, 'store', 'new-died'), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'store', 'new-died', 'data.mdb'), '')
  await prepare()
  expect(existsSync(dataFile())).toBe(true)
})

const onUnix = process.platform === 'win32' ? test.skip : test // Windows has no such modes

onUnix('the data folder and the files in it are closed to other users, and a start on an open one says so once', async () => {
  await prepare()
  const inside = ['', 'store', ...readdirSync(join(folder, 'store')).map((name) => join('store', name))]
  expect(inside).toContain(join('store', 'data.mdb'))
  for (const name of inside) chmodSync(join(folder, name), 0o755)
  const events = (await prepare()).filter(({ event }) => event === 'data-folder-open')
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({ level: 'warn', open: inside.map((name) => `755 ${join(folder, name)}`), problems: [] })
  expect(inside.map((name) => statSync(join(folder, name)).mode & 0o077)).toEqual(inside.map(() => 0))
  expect((await prepare()).map(({ event }) => event)).not.toContain('data-folder-open')
})

test('what an earlier version has stored is rewritten once, and the log tells of it; what a newer one has stored stops the start', async () => {
  await prepare()
  const path = join(folder, 'store')
  const change = async (write: (store: Store) => Promise<unknown>): Promise<void> => {
    const store = await openLmdbStore({ path })
    await write(store)
    await store.close()
  }
  await change((store) => store.commit({ puts: [layouts.remove('documents')] }))
  await change(writeOldStore)
  const told = (await prepare()).filter(({ event }) => event === 'migrating' || event === 'migrated')
  expect(told).toMatchObject([
    { level: 'info', event: 'migrating', migration: 'unique member ids' },
    // The last one of those that had something to rewrite.
    { level: 'info', event: 'migrated', migration: 'bans of accounts' },
  ])
  expect((await prepare()).map(({ event }) => event)).not.toContain('migrated')
  const newer = layouts.put({ version: 99, holder: '', beat: 1, stage: 0, after: '' }, 'documents')
  await change((store) => store.commit({ puts: [newer] }))
  await expect(prepare()).rejects.toThrow(StartProblem)
  await expect(prepare()).rejects.toThrow(/layout 99.*newer version/)
})
