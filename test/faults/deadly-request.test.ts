/** A request of which workers die, on real threads that run out of memory: who else is hurt, and for how long. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { storeDevices } from '../../bench/load/stored-devices.js'
import type { Connection } from '../../delivery/connection.js'
import { newRequests, type Requests } from '../../delivery/requests.js'
import { type AnyRecord, decodePush, encode, record, type RecordOf } from '../../protocol/index.js'
import { rosters, sessions } from '../../rpc/documents/index.js'
import { type FrameToMain, type Ring, startRing, type Verdict } from '../../rpc/index.js'
import { newSharedMemory, openLmdbStore, type Store } from '../../store/index.js'
import { deviceIdFor, p2pTopic, parseClientId, phoneOf, type PhoneId } from '../../topics/index.js'
import { type Mailbox, newMailbox } from '../wire/mailbox.js'
import { bert, eventsTopic } from '../wire/requests.js'
import type { RingWorkerData } from './ring-worker.js'

const node = 1
const entry = new URL('./ring-worker.js', import.meta.url)
/** A worker without work needs a third of it. */
const oldGenerationMb = 64

let path = ''
let store: Store
let ring: Ring
let requests: Requests
let people: readonly PhoneId[] = []
let connections: readonly Connection[] = []
/** What has happened, in order. */
let events: Mailbox<string>
let deaths = 0
const answers: { readonly connection: number; readonly record: AnyRecord }[] = []

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'deadly-'))
  const sharedMemory = newSharedMemory()
  store = await openLmdbStore({ path, sharedMemory })
  await storeDevices(store, 3)
  await beUsed()
  people = (await store.scan(rosters.prefix(), { limit: 3 })).map(({ key }) => rosters.partsOf(key)[0])
  connections = people.map((person, i) => connectionOf(person, i + 1))
  events = newMailbox((event) => event)
  const variantsInUse = new SharedArrayBuffer(1_024)
  const deadlyFeed = notes(0)
  requests = newRequests({
    ring: () => ring,
    introduce: () => undefined,
    onCondemned: ({ connection }) => {
      events.put(`condemned ${String(connection.number)}`)
    },
  })
  ring = await startRing(
    {
      ...{ size: 1, entry, stopTimeoutMs: 300_000, oldGenerationMb },
      dataOf: (of, underWay): RingWorkerData => ({ node: of, path, sharedMemory, underWay, variantsInUse, deadlyFeed }),
    },
    {
      onFrame: (_node, messages) => {
        for (const message of messages) hear(message)
      },
      onControl: (_node, message) => {
        if (message.kind === 'connect-result') events.put(`${message.result.kind} ${String(message.connection)}`)
      },
      onDeath: (of, _because, death) => {
        deaths += 1
        requests.died(of, death)
        events.put('death')
      },
      onRestart: (of) => {
        introduceAll()
        requests.repeat(of)
      },
      onStderr: () => undefined,
    },
  )
  introduceAll()
  for (const { number } of connections) await events.take('its arrival', (event) => event === `accepted ${String(number)}`)
})
afterAll(async () => {
  await ring.stop()
  await store.close()
  await rm(path, { recursive: true, force: true })
})

/** They were used last when they were made, which is long ago. */
async function beUsed(): Promise<void> {
  const now = Date.now()
  const puts = (await store.scan(sessions.prefix(), { limit: 3 })).map(({ key, value }) => {
    const session = sessions.decode(value)
    const token = { ...session.token, issued: now }
    return sessions.put({ ...session, token, created: now, lastOnline: now }, ...sessions.partsOf(key))
  })
  await store.commit({ puts })
}

/** As far as requests look at it. */
function connectionOf(person: PhoneId, number: number): Connection {
  const registration = parseClientId(`reg_${phoneOf(person)}`)
  const clientId = registration && deviceIdFor(registration)
  if (clientId === undefined) throw new RangeError(person)
  const words = { clientId, userName: 'api', password: clientId, isClean: false, willTopic: null, address: '' }
  return { number, words, node, knownTo: [node] } as unknown as Connection
}

function introduceAll(): void {
  for (const { number, words } of connections)
    ring.control(node, { kind: 'connect', connection: number, ...words, stands: deaths > 0, epoch: null })
}

function hear(message: FrameToMain): void {
  if (message.kind === 'done') requests.done(message.request, message.verdict)
  if (message.kind !== 'answer') return
  const decoded = decodePush(Buffer.from(message.payload), 'v1')
  if (decoded.kind === 'record') answers.push({ connection: message.connection, record: decoded.record })
}

const notes = (who: number): string => p2pTopic(people[who]!, people[who]!)

let lastPacket = 0

/** Hands a request in. @returns what became of it, when it is acknowledged */
function ask(who: number, asked: AnyRecord, qos: 0 | 1 = 1): Promise<Verdict> {
  return new Promise((resolve) => {
    const payload = encode(asked, bert)
    const packetId = qos === 0 ? 0 : ++lastPacket
    requests.submit({ connection: connections[who]!, packetId, qos, isRepeated: false, topic: eventsTopic, payload, done: resolve })
  })
}

function note(who: number, text: string): RecordOf<'Message'> {
  const person = people[who]!
  return record('Message', {
    from: person,
    to: person,
    msg_id: text,
    files: [record('Desc', { id: 'd', payload: text })],
    status: 'client',
  })
}

const deadly = (): RecordOf<'History'> =>
  record('History', { roster_id: people[0]!, feed: record('p2p', { from: people[0]!, to: people[0]! }), size: -5, status: 'get' })

async function countsOf(...feeds: readonly string[]): Promise<readonly number[]> {
  return Promise.all(feeds.map(async (feed) => (await store.feedHead(feed)).count))
}

test('is tried alone once and then refused as internal; what came with it is executed once, and nothing waits for more than that', async () => {
  const before = deaths
  const verdicts = await Promise.all([
    ask(1, note(1, 'before')),
    ask(0, deadly()),
    ask(2, note(2, 'beside')),
    ask(0, note(0, 'behind')),
    ask(1, note(1, 'after')),
  ])
  expect(verdicts.map((verdict) => (verdict.kind === 'done' ? verdict.messages.length : verdict))).toEqual([
    1,
    { kind: 'refused', code: 'internal' },
    ...[1, 1, 1],
  ])
  expect(deaths - before).toBe(2)
  expect(events.takeAll().filter((event) => !event.startsWith('accepted'))).toEqual(['death', 'condemned 1', 'death'])
  const told = answers.filter(({ connection }) => connection === 1).map(({ record: told_ }) => told_)
  expect(told).toMatchObject([{ tag: 'io', code: { tag: 'error', code: 'internal' } }])
  expect(await countsOf(notes(0), notes(1), notes(2))).toEqual([1, 2, 1])
})

test('at QoS 0 it is not tried again', async () => {
  const before = deaths
  await Promise.all([ask(2, note(2, 'once more')), ask(0, deadly(), 0), ask(2, note(2, 'and more'))])
  expect(deaths - before).toBe(1)
  expect(await countsOf(notes(2))).toEqual([3])
})

test('whoever ends a worker condemns nothing that it was working on', async () => {
  events.takeAll()
  for (let round = 0; round < 3; round++) {
    const asked = [ask(1, note(1, `k${String(round)}`)), ask(2, note(2, `k${String(round)}`))]
    await ring.kill(node)
    await Promise.all(asked)
  }
  expect(events.takeAll().filter((event) => event.startsWith('condemned'))).toEqual([])
  expect(await countsOf(notes(1), notes(2))).toEqual([5, 6])
})
