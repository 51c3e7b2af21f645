/** Wrong secrets of services: counted, delayed, locked, logged. docs/decisions/0218. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRpcContext, protocolLimits } from '../../rpc/context.js'
import { budgets, serviceAddresses } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import type { ControlToMain } from '../../rpc/runtime/link/messages-to-main.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { identify } from '../../rpc/runtime/worker/identify.js'
import { isExpired } from '../../rpc/runtime/worker/sweep.js'
import { type Store, StoreOutage } from '../../store/contract.js'
import { openLmdbStore } from '../../store/index.js'

const start = 1_700_000_000_000
const minute = 60_000
const limits = { ...protocolLimits, wrongSecretsInAll: 12 }
const context = newRpcContext({ boot: 'first', nodeCount: 1, limits })
const [home, elsewhere, office] = ['192.0.2.1', '198.51.100.1', '203.0.113.1']
const right = 'the secret of the news'

let folder: string
let store: Store
let now = start
let logged: (ControlToMain & { kind: 'log' })[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'))
  store = await openLmdbStore({ path: folder })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  now = start
  logged = []
  for (const table of ['budget/', 'service-address/']) {
    const rows = await store.scan(table, { limit: 1_000 })
    await store.commit({ puts: rows.map(({ key }) => ({ key, value: undefined })) })
  }
})

interface Knock {
  readonly secret?: string | null
  readonly from?: string
  readonly service?: string
  readonly stands?: boolean
  readonly commit?: Store['commit']
}

/** What one CONNECT comes to: who it is, or why it is refused and how long that is kept back. */
async function knock({ secret = 'a wrong one', from = home, service = 'news', stands = false, commit }: Knock = {}): Promise<string> {
  const newFacts = () => newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'first' })
  const result = await identify(
    {
      ...{ kind: 'connect', connection: 1, clientId: `sys_${service}`, userName: 'api', password: secret, isClean: true },
      ...{ willTopic: null, address: from, stands, epoch: null },
    },
    {
      ...{ newFacts, reader: newFacts().reader, services: new Map([['news', right]]), context, now },
      store: { commit: commit ?? ((changes) => store.commit(changes)) },
      control: (message) => {
        if (message.kind === 'log') logged.push(message)
      },
    },
  )
  return result.kind === 'known' ? result.connection.client.kind : `${result.returnCode} ${result.because}, ${result.delayMs} ms`
}

const wrong = '4 a service needs its secret, 1000 ms'
const locked = '4 too many wrong secrets, 0 ms'

async function times(count: number, one: Knock = {}): Promise<readonly string[]> {
  const results: string[] = []
  for (let i = 0; i < count; i++) results.push(await knock(one))
  return results
}

test('five wrong ones from an address, and the right one is not looked at there any more; each is on the log', async () => {
  expect(await times(6)).toEqual([wrong, wrong, wrong, wrong, wrong, locked])
  expect(await knock({ secret: right })).toBe(locked)
  expect(await knock({ secret: right, from: elsewhere })).toBe('service')
  const told = logged.map(({ level, fields }) => [level, fields['event'], fields['service'], fields['address'], fields['isLocked']])
  const line = (isLast: boolean) => ['warn', 'wrong-secret', 'news', home, isLast]
  expect(told).toEqual([line(false), line(false), line(false), line(false), line(true)])
  expect(JSON.stringify(logged)).not.toContain('a wrong one')
})

test('one try comes back every three minutes, all of them after a quarter of an hour', async () => {
  await times(5)
  now += 3 * minute - 1
  expect(await knock({ secret: right })).toBe(locked)
  now += 1
  expect(await times(2)).toEqual([wrong, locked])
  now += 15 * minute
  expect(await times(6)).toEqual([wrong, wrong, wrong, wrong, wrong, locked])
})

test.each<{ who: string; tries: readonly Knock[] }>([
  { who: 'no secret at all', tries: [{ secret: null }, { secret: '' }] },
  { who: 'names that nobody has configured', tries: [{ service: 'olds', secret: right }, { service: 'more' }] },
  { who: 'addresses of one subscriber', tries: [{ from: '2001:db8:0:7::1' }, { from: '2001:db8:0:7:2::' }] },
  { who: 'connections of which no address is known', tries: [{ from: '' }] },
])('count as wrong: $who', async ({ tries }) => {
  for (let i = 0; i < 5; i++) expect(await knock(tries[i % tries.length])).toBe(wrong)
  expect(await knock({ ...tries[0], service: 'news', secret: right })).toBe(locked)
})

test('of tries at once none is forgotten', async () => {
  const results = await Promise.all(Array.from({ length: 12 }, () => knock()))
  expect(results.filter((result) => result === wrong)).toHaveLength(5)
  expect(results.filter((result) => result === locked)).toHaveLength(7)
})

test('where a service has come from before, strangers do not lock it out, neither there nor from everywhere', async () => {
  expect(await knock({ secret: right })).toBe('service')
  await times(6, { service: 'olds' })
  for (const from of [elsewhere, office, '192.0.2.77']) await times(5, { from })
  expect(await knock({ secret: right, from: '192.0.2.78' })).toBe(locked)
  expect(await knock({ secret: right })).toBe('service')
  // Its own wrong ones count there too.
  expect(await times(6)).toEqual([wrong, wrong, wrong, wrong, wrong, locked])
  expect(await knock({ secret: right })).toBe(locked)
  now += 31 * 24 * 60 * minute
  await times(5)
  expect(await knock({ secret: right })).toBe(locked)
})

test('names that nobody has configured take nothing from those of others, and are bounded in all', async () => {
  for (let i = 1; i <= 4; i++) await times(5, { service: `olds${String(i)}`, from: `192.0.2.1${String(i)}` })
  expect(await store.scan(budgets.prefix('secrets-others'), { limit: 10 })).toHaveLength(1)
  expect(logged).toHaveLength(12)
  expect(await knock({ secret: right, from: elsewhere })).toBe('service')
})

test('a connection that stands stays, whoever has tried since', async () => {
  await knock({ secret: right })
  await times(5)
  expect(await knock({ secret: right, stands: true })).toBe('service')
  expect(await knock({ stands: true })).toBe(locked)
})

test('while nothing can be stored nothing is told, except to a service that is known where it is', async () => {
  const commit = (): Promise<never> => Promise.reject(new StoreOutage('the disk is full'))
  for (const secret of ['a wrong one', right]) await expect(knock({ secret, commit })).rejects.toThrow(StoreOutage)
  await knock({ secret: right })
  now += 2 * 24 * 60 * minute
  expect(await knock({ secret: right, commit })).toBe('service')
  await expect(knock({ commit })).rejects.toThrow(StoreOutage)
})

test('where a service has come from is noted once a day, and swept after thirty', async () => {
  const noted = async () =>
    (await store.scan(serviceAddresses.prefix('news'), { limit: 10 })).map(({ value }) => serviceAddresses.decode(value))
  await times(2, { secret: right })
  expect(await noted()).toEqual([start])
  now += 24 * 60 * minute
  await knock({ secret: right })
  expect(await noted()).toEqual([now])
  const [row] = await store.scan(serviceAddresses.prefix('news'), { limit: 1 })
  const day = 24 * 60 * minute
  expect([29, 30].map((days) => isExpired('service-address', row!, now + days * day, limits))).toEqual([false, true])
})
