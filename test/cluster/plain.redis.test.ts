/** Plain MQTT use (services on granted topics) over two nodes of a cluster: deliveries, sessions, wills, and what a lost link to Redis costs. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { IConnackPacket } from 'mqtt-packet'
import { dial, type Qos, type WireDevice } from '../wire/wire-device.js'
import { type Cluster, startCluster } from './cluster.js'

const names = ['news', 'reader', 'other', 'twin']

let cluster: Cluster
const open: WireDevice[] = []
beforeAll(async () => {
  cluster = await startCluster({
    nodes: 2,
    hasLinks: true,
    appendFsync: 'everysec',
    environment: {
      NYNJA_SERVICES: names.map((name) => `${name}=secret of a service`).join(','),
      NYNJA_GRANTS: 'service both t/#',
      NYNJA_INBOX_ENTRIES: '1300',
      NYNJA_NODES: '1',
    },
  })
})
afterAll(async () => {
  for (const device of open) device.cut()
  await cluster.close()
})

/** Names of topics, of one test each. */
let place = 0
beforeEach(() => {
  place++
})
const topic = (rest = 'x'): string => `t/${String(place)}/${rest}`

interface Coming {
  readonly clean?: boolean
  readonly will?: string
}

/** A service that comes to a node; whoever cannot be taken yet is closed, and tries again. @returns it, and whether it had a session */
async function arrive(node: 0 | 1, name: string, { clean = true, will }: Coming = {}): Promise<[WireDevice, boolean]> {
  let device: WireDevice
  let connack: IConnackPacket | undefined
  do {
    device = dial(cluster.nodes[node]!.mqtt)
    open.push(device)
    const coming = device.connect({
      clientId: `sys_${name}`,
      password: 'secret of a service',
      clean,
      ...(will === undefined ? {} : { will: { topic: will, payload: Buffer.from('gone'), qos: 1 } }),
    })
    connack = await coming.catch(() => undefined)
  } while (connack === undefined)
  expect(connack.returnCode).toBe(0)
  return [device, connack.sessionPresent]
}

const isPlain = ({ topic: name }: { readonly topic: string }): boolean => name.startsWith('t/')

/** The next `count` texts on plain topics. */
async function texts(device: WireDevice, count: number): Promise<readonly string[]> {
  const got: string[] = []
  while (got.length < count)
    got.push(String((await device.pushes.take(`text ${String(got.length + 1)} of ${String(count)}`, isPlain)).payload))
  return got
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

/** Publishes all at once, and waits until the last has been acknowledged. */
async function publishAll(device: WireDevice, name: string, all: readonly string[], qos: Qos = 1): Promise<void> {
  await Promise.all(all.map((text) => device.publish(name, Buffer.from(text), { qos })))
}

test('what is published on one node arrives once on the other, at each QoS, whatever the filter', async () => {
  const [news] = await arrive(0, 'news')
  const [reader] = await arrive(1, 'reader')
  expect(await reader.subscribe(topic('#'), topic('+/b'), topic('[a]/*/+'), topic('?'))).toEqual([2, 2, 2, 2])
  for (const qos of [0, 1, 2] satisfies Qos[]) await news.publish(topic('a/b'), Buffer.from(`at ${String(qos)}`), { qos })
  await news.publish(topic('[a]/*/?'), Buffer.from('signs'), { qos: 1, retain: true })
  expect(await texts(reader, 4)).toEqual(['at 0', 'at 1', 'at 2', 'signs'])
  await news.publish(topic('end'), Buffer.from('end'))
  expect(await texts(reader, 1)).toEqual(['end'])
  // No topic keeps a message (docs/protocol/topics.md 10).
  const [late] = await arrive(1, 'other')
  await late.subscribe(topic('#'))
  await news.publish(topic('end'), Buffer.from('the end'))
  expect(await texts(late, 1)).toEqual(['the end'])
})

test('a session goes on at the other node: all that came meanwhile, more than 1,000, in order, and before what comes then', async () => {
  const [news] = await arrive(0, 'news')
  const [reader, wasThere] = await arrive(1, 'reader', { clean: false })
  expect(wasThere).toBe(false)
  await reader.subscribe(topic())
  await publishAll(news, topic(), numbered(1, 1))
  expect(await texts(reader, 1)).toEqual(['1'])
  await reader.disconnect()
  await publishAll(news, topic(), numbered(2, 1_050))
  const publishing = publishAll(news, topic(), numbered(1_051, 1_200))
  const [again, isPresent] = await arrive(0, 'reader', { clean: false })
  expect(isPresent).toBe(true)
  expect(await texts(again, 1_199)).toEqual(numbered(2, 1_200))
  await publishing
  await again.disconnect()
  await arrive(1, 'reader').then(([clean]) => clean.disconnect())
})

test('a queue is bounded: its oldest are dropped', async () => {
  const [news] = await arrive(0, 'news')
  const [reader] = await arrive(1, 'reader', { clean: false })
  await reader.subscribe(topic('#'), topic('+'))
  await reader.disconnect()
  await publishAll(news, topic(), numbered(1, 1_350))
  const [again] = await arrive(1, 'reader', { clean: false })
  expect(await texts(again, 1_300)).toEqual(numbered(51, 1_350))
  await again.disconnect()
  const [clean, isPresent] = await arrive(0, 'reader')
  expect(isPresent).toBe(false)
  await clean.disconnect()
})

test('what was not acknowledged is repeated by the other node under its packet id; from PUBREC on only PUBREL is', async () => {
  const [news] = await arrive(0, 'news')
  const [reader] = await arrive(1, 'reader', { clean: false })
  const [other] = await arrive(1, 'other', { clean: false })
  for (const one of [reader, other]) await one.subscribe(topic())
  reader.acknowledges = false
  await publishAll(news, topic(), ['received', 'sent'], 2)
  const [received, sent] = [await reader.pushes.take('the first', isPlain), await reader.pushes.take('the second', isPlain)]
  // Another session has the same packets under ids of its own.
  expect(await texts(other, 2)).toEqual(['received', 'sent'])
  reader.send({ cmd: 'pubrec', messageId: received.messageId! })
  await reader.packets.take('PUBREL', ({ cmd }) => cmd === 'pubrel')
  reader.cut()
  const [again] = await arrive(0, 'reader', { clean: false })
  again.acknowledges = false
  expect((await again.packets.take('PUBREL', ({ cmd }) => cmd === 'pubrel')).messageId).toBe(received.messageId)
  const repeated = await again.pushes.take('the second', isPlain)
  expect([String(repeated.payload), repeated.messageId, repeated.dup]).toEqual(['sent', sent.messageId, true])
  expect(again.pushes.items.filter(isPlain)).toEqual([])
  again.send({ cmd: 'pubcomp', messageId: received.messageId! })
  again.send({ cmd: 'pubrec', messageId: sent.messageId! })
  again.acknowledges = true
  await publishAll(news, topic(), ['next'], 2)
  expect(await texts(again, 1)).toEqual(['next'])
  for (const one of [again, other]) await one.disconnect()
})

test('a QoS 2 publish that is repeated at the other node is published once', async () => {
  const [reader] = await arrive(1, 'reader')
  await reader.subscribe(topic())
  const [news] = await arrive(0, 'news', { clean: false })
  const publish = {
    cmd: 'publish',
    topic: topic(),
    payload: Buffer.from('once'),
    qos: 2,
    dup: false,
    retain: false,
    messageId: 77,
  } as const
  news.send(publish)
  await news.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
  news.cut()
  const [again] = await arrive(1, 'news', { clean: false })
  again.send({ ...publish, dup: true })
  await again.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
  again.send({ cmd: 'pubrel', messageId: 77 })
  await again.packets.take('PUBCOMP', ({ cmd }) => cmd === 'pubcomp')
  await again.publish(topic(), Buffer.from('the same id, another message'), { qos: 2, messageId: 77 })
  expect(await texts(reader, 2)).toEqual(['once', 'the same id, another message'])
  await again.disconnect()
})

test('what is stored slowly is not lost behind what is published fast', async () => {
  const [news] = await arrive(0, 'news')
  const [fast] = await arrive(0, 'other')
  const [reader] = await arrive(1, 'reader', { clean: false })
  await reader.subscribe(topic('#'))
  await Promise.all([
    ...numbered(1, 300).map((text) => news.publish(topic('slow'), Buffer.from(text), { qos: 1 })),
    ...numbered(1, 300).map((text) => fast.publish(topic('fast'), Buffer.from(text), { qos: 0 })),
  ])
  const got: Record<string, string[]> = { [topic('slow')]: [], [topic('fast')]: [] }
  for (let i = 0; i < 600; i++) {
    const push = await reader.pushes.take(`${String(i)} of 600`, isPlain)
    got[push.topic]!.push(String(push.payload))
  }
  expect(got).toEqual({ [topic('slow')]: numbered(1, 300), [topic('fast')]: numbered(1, 300) })
  await reader.disconnect()
  await arrive(1, 'reader').then(([clean]) => clean.disconnect())
})

test('a will is published once when its client is lost, and not when the client has come back, wherever', async () => {
  const [reader] = await arrive(1, 'reader')
  await reader.subscribe(topic('#'))
  const [lost] = await arrive(0, 'twin', { will: topic('will') })
  lost.cut()
  expect(await texts(reader, 1)).toEqual(['gone'])

  const [older] = await arrive(0, 'twin', { will: topic('will') })
  const [newer] = await arrive(1, 'twin', { will: topic('will') })
  await older.closed
  await newer.publish(topic('here'), Buffer.from('I am back'))
  expect(await texts(reader, 1)).toEqual(['I am back'])
  await newer.disconnect()

  const [left] = await arrive(0, 'twin', { will: topic('will') })
  await left.disconnect()
  const [news] = await arrive(0, 'news')
  await news.publish(topic('end'), Buffer.from('no will'))
  expect(await texts(reader, 1)).toEqual(['no will'])
})

test('a client that is neither device nor service is at one node at a time, too', async () => {
  const [older, newer] = cluster.nodes.map(({ mqtt }) => dial(mqtt)) as [WireDevice, WireDevice]
  open.push(older, newer)
  await older.connect({ clientId: 'reg_twin' })
  await newer.connect({ clientId: 'reg_twin' })
  await older.closed
  expect(newer.isClosed).toBe(false)
})

test('a node without Redis keeps its clients, and they catch up: messages, subscriptions, and who is elsewhere', async () => {
  const [reader] = await arrive(1, 'reader', { clean: false })
  await reader.subscribe(topic('#'))
  const [twin] = await arrive(1, 'twin', { will: topic('will') })
  const [news] = await arrive(0, 'news')
  await publishAll(news, topic(), numbered(1, 10))
  expect(await texts(reader, 10)).toEqual(numbered(1, 10))

  await cluster.links[1]!.cut()
  await publishAll(news, topic(), numbered(11, 300))
  const [session] = await arrive(0, 'other', { clean: false })
  await session.subscribe(topic('new'))
  await session.disconnect()
  const [newTwin] = await arrive(0, 'twin')
  expect([reader.isClosed, twin.isClosed]).toEqual([false, false])
  // It waits until Redis is back, and then reaches a session that this node has not heard of: it is told before.
  const waiting = twin.publish(topic('new'), Buffer.from('from the other side'), { qos: 1 })
  await cluster.links[1]!.heal()
  await waiting.catch(() => undefined)
  expect((await texts(reader, 290)).filter((text) => text !== 'from the other side')).toHaveLength(290)
  await twin.closed
  expect(newTwin.isClosed).toBe(false)

  const [publisher] = await arrive(1, 'twin')
  await newTwin.closed
  await publishAll(publisher, topic('new'), ['known here'])
  const [again, isPresent] = await arrive(1, 'other', { clean: false })
  expect(isPresent).toBe(true)
  expect(await texts(again, 2)).toEqual(['from the other side', 'known here'])
  expect(reader.pushes.items.filter(({ topic: name }) => name === topic('will'))).toEqual([])
  for (const one of [again, reader]) await one.disconnect()
})

test('when Redis has died and come back, all that was acknowledged is delivered, once and in order', async () => {
  const [news] = await arrive(0, 'news')
  const [reader] = await arrive(1, 'reader', { clean: false })
  await reader.subscribe(topic())
  await publishAll(news, topic(), numbered(1, 50))
  const during = publishAll(news, topic(), numbered(51, 100))
  await cluster.redis.kill()
  const after = publishAll(news, topic(), numbered(101, 150))
  await cluster.redis.start()
  await Promise.all([during, after])
  const got = await texts(reader, 150)
  expect(got.filter((text, i) => !got.slice(0, i).includes(text))).toEqual(numbered(1, 150))
  expect([news.isClosed, reader.isClosed]).toEqual([false, false])
})

test('the will of a client whose node is killed is not published: it may be back before anyone knows', async () => {
  const [reader] = await arrive(1, 'reader')
  await reader.subscribe(topic('#'))
  await arrive(0, 'twin', { will: topic('will') })
  expect(cluster.nodes.map(({ isAlive }) => isAlive)).toEqual([true, true])
  await cluster.nodes[0]!.kill()
  const [twin] = await arrive(1, 'twin')
  await twin.publish(topic('here'), Buffer.from('back at once'))
  expect(await texts(reader, 1)).toEqual(['back at once'])
})
