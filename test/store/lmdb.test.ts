import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { emptyInbox, openLmdbStore, StoreOutage } from '../../store/index.js'
import { openEnvironment } from '../../store/lmdb/environment.js'
import { documentRow, inboxChunkRow, inboxHeadRow } from '../../store/lmdb/row-keys.js'
import { currentSchema, migrate, type Schema } from '../../store/lmdb/schema.js'
import { openTemporaryStore, temporaryFolder } from './lmdb-folder.js'
import { storeContract } from './store-contract.js'

storeContract('the LMDB store', openTemporaryStore)

describe('the layout of the LMDB store', () => {
  /** Layouts after the current one: the first renames a document's table, the second marks its value. */
  const later: Schema = {
    version: currentSchema.version + 2,
    steps: new Map([
      ...currentSchema.steps,
      [
        currentSchema.version,
        ({ rows }) => {
          for (const { key, value } of [...rows.getRange({ start: documentRow('user/'), end: documentRow('user0') })]) {
            void rows.put(String(key).replace('user/', 'person/'), value)
            void rows.remove(key)
          }
        },
      ],
      [
        currentSchema.version + 1,
        ({ rows }) => {
          for (const { key, value } of [...rows.getRange({ start: documentRow('person/'), end: documentRow('person0') })]) {
            void rows.put(key, Buffer.concat([value, Buffer.from('!')]))
          }
        },
      ],
    ]),
  }

  test('is brought up to date, step by step, in a store that an older program has written', () =>
    withOldStore(async (path) => {
      const environment = openEnvironment({ path })
      await migrate(environment, later)
      await migrate(environment, later)
      environment.refresh()
      const rows = [...environment.rows.getRange({ start: documentRow(''), end: documentRow('z') })]
      expect(rows.map(({ key, value }) => `${String(key)}=${value.toString()}`)).toEqual(['dperson/a=x!', 'dperson/b=y!', 'droom/a=z'])
      await environment.close()
    }))

  test('is left as it was if a step fails or is missing', () =>
    withOldStore(async (path) => {
      const fails = (): void => {
        throw new Error('cannot')
      }
      for (const second of [fails, undefined]) {
        const steps = new Map([...later.steps].filter(([version]) => version === currentSchema.version))
        if (second !== undefined) steps.set(currentSchema.version + 1, second)
        const environment = openEnvironment({ path })
        await expect(migrate(environment, { ...later, steps })).rejects.toThrow(second === undefined ? StoreOutage : 'cannot')
        await environment.close()
      }
      const store = await openLmdbStore({ path })
      expect((await store.scan('', { limit: 9 })).map(({ key }) => key)).toEqual(['room/a', 'user/a', 'user/b'])
      await store.close()
    }))

  test('is refused if a newer program has written it', () =>
    withOldStore(async (path) => {
      const environment = openEnvironment({ path })
      await migrate(environment, later)
      await environment.close()
      await expect(openLmdbStore({ path })).rejects.toThrow(StoreOutage)
    }))
})

test('the LMDB store grows beyond the address space that it mapped at first', async () => {
  const path = await temporaryFolder()
  const [one, other] = [await openLmdbStore({ path, mapSizeBytes: 1_048_576 }), await openLmdbStore({ path, mapSizeBytes: 1_048_576 })]
  for (let part = 0; part < 40; part++) {
    const value = Buffer.alloc(262_144, part)
    await Promise.all([one, other].map((store, who) => store.commit({ puts: [{ key: `part/${who}/${part}`, value }] })))
    expect(Buffer.compare((await one.get(`part/1/${part}`)) ?? Buffer.of(), value)).toBe(0)
  }
  expect((await stat(join(path, 'data.mdb'))).size).toBeGreaterThan(20_000_000)
  await Promise.all([one.close(), other.close()])
  await rm(path, { recursive: true })
})

test('the LMDB store frees the rows of what is settled, dropped or cleared', async () => {
  const path = await temporaryFolder()
  const store = await openLmdbStore({ path, inboxLimit: 10 })
  const environment = openEnvironment({ path })
  const deliver = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, () => store.commit({ deliveries: [{ client: 'c', topic: 't', qos: 1, body: Buffer.from('b') }] })),
    )
  const chunks = (): number => {
    environment.refresh()
    return [...environment.rows.getKeys({ start: 'i', end: 'j' })].length
  }
  for (let burst = 0; burst < 30; burst++) await deliver(2)
  expect(chunks()).toBeLessThanOrEqual(11)
  await store.commit({ settlements: [{ client: 'c', settledTo: 60, releasedTo: 0 }] })
  expect(chunks()).toBe(0)
  await deliver(3)
  await store.commit({ clearInboxes: ['c'] })
  expect(chunks()).toBe(0)
  await Promise.all([environment.close(), store.close()])
  await rm(path, { recursive: true })
})

test('all of a new or migrated store is what the engine goes back to after a death', () =>
  withOldStore(async (path) => {
    const transactions = async (): Promise<readonly bigint[]> => {
      const file = await readFile(join(path, 'data.mdb'))
      const [pageBytes, transactionAt] = [4_096, 24 + 128]
      return [pageBytes / 2, 0, pageBytes].map((meta) => file.readBigUInt64LE(meta + transactionAt))
    }
    const behind = async (): Promise<bigint> => {
      const [flushed = 0n, one = 0n, other = 0n] = await transactions()
      return (one > other ? one : other) - flushed
    }
    expect(await behind()).toBe(0n)
    const environment = openEnvironment({ path })
    await migrate(environment, { version: currentSchema.version + 1, steps: new Map([[currentSchema.version, () => undefined]]) })
    expect(await behind()).toBe(0n)
    await environment.close()
  }))

test('the LMDB store takes up inboxes from before there were empty places: all of them may have been sent', async () => {
  const path = await temporaryFolder()
  await (await openLmdbStore({ path })).close()
  const environment = openEnvironment({ path })
  const marks = Buffer.alloc(48)
  for (const [place, mark] of [3, 1, 2, 0, 2, 4].entries()) marks.writeDoubleBE(mark, 8 * place)
  const entry = Buffer.concat([Buffer.of(2), Buffer.alloc(8), Buffer.of(0, 1, 0, 0, 0, 1), Buffer.from('tb')])
  await environment.rows.put(inboxHeadRow('c'), Buffer.concat([marks, Buffer.from('hölder')]))
  await environment.rows.put(inboxChunkRow('c', 2), Buffer.concat([Buffer.of(0, 0, 0, 2), entry, entry]))
  await environment.close()
  const store = await openLmdbStore({ path })
  const head = { ...emptyInbox, last: 3, settledTo: 1, releasedTo: 2, epoch: 4, holder: 'hölder', sentTo: 3 }
  expect(await store.inboxHead('c')).toEqual(head)
  const news = { client: 'c', topic: 't', qos: 1, body: Buffer.from('n'), news: 'x' } as const
  await store.commit({ opens: [{ client: 'c', holder: '', sentTo: 0 }], deliveries: [news, news] })
  expect((await store.inboxPage('c', { after: 0, limit: 9 })).map(({ number, body }) => `${number}${String(body)}`)).toEqual([
    '2b',
    '3b',
    '5n',
  ])
  expect((await store.inboxHead('c'))?.sentTo).toBe(3)
  await store.close()
  await rm(path, { recursive: true })
})

async function withOldStore(body: (path: string) => Promise<void>): Promise<void> {
  const path = await temporaryFolder()
  const store = await openLmdbStore({ path })
  const puts = [
    { key: 'user/a', value: Buffer.from('x') },
    { key: 'user/b', value: Buffer.from('y') },
    { key: 'room/a', value: Buffer.from('z') },
  ]
  await store.commit({ puts })
  await store.close()
  await body(path)
  await rm(path, { recursive: true })
}
