import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Monotonic } from '../../clock/index.js'
import { writeSettled } from '../../rpc/runtime/link/to-main.js'
import { newUnderWay, newUnderWayMemory, noteTaken } from '../../rpc/runtime/link/under-way.js'
import { type Lanes, newLanes } from '../../rpc/runtime/worker/lanes.js'
import { LeastFirst } from '../../rpc/runtime/worker/least-first.js'
import { charge } from '../../rpc/runtime/worker/share.js'
import { Outlet } from '../../rpc/runtime/worker/outlet.js'
import type { BatchItem } from '../../rpc/runtime/worker/batch.js'
import { type ClientId, parseClientId } from '../../topics/index.js'

/** What a request of a client comes to, and takes, by the letter its name begins with. */
const costs = { h: 5, l: 1 } as const
const bytesPerWork = 256 * 1024

function clientOf(name: string): ClientId {
  const client = parseClientId(`emqttd_${name}`)
  if (client === undefined) throw new Error(`${name} is no client`)
  return client
}

/** Lanes whose clock goes on by what is run; tells who was served, in order. */
function newWorld(isHeldUp = (): boolean => false): {
  lanes: Lanes
  served: { client: string; count: number }[]
  ask(name: string, count: number): void
} {
  let now = 0
  const served: { client: string; count: number }[] = []
  const lanes = newLanes(
    async (items, { clientId, share }) => {
      const client = clientId.slice('emqttd_'.length)
      const work = items.length * (client.startsWith('h') ? costs.h : costs.l)
      now += work
      if (share !== undefined) charge(share, { requests: items.length, rows: 0, bytes: work * bytesPerWork })
      served.push({ client, count: items.length })
      return items.length
    },
    (fault) => {
      throw fault
    },
    { elapsed: () => now as Monotonic, isHeldUp },
  )
  // What is run here looks at the number of items alone.
  const item = {} as BatchItem
  return {
    lanes,
    served,
    ask(name, count) {
      for (let i = 0; i < count; i++) lanes.add(clientOf(name), { kind: 'request', item })
    },
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who asks for little waits behind few of those who ask for much, however many they are', async () => {
  const { lanes, served, ask } = newWorld()
  for (let i = 0; i < 100; i++) ask(`h${String(i)}`, 200)
  while (served.length < 150) await nextTurn()
  const before = served.length
  ask('light', 1)
  while (!served.some(({ client }) => client === 'light')) await nextTurn()
  const place = served.slice(before).findIndex(({ client }) => client === 'light')
  expect(place).toBeLessThan(5)
  await lanes.idle()
})

test('what is begun of one client at a time takes no longer than a turn, once it is known what its requests take', async () => {
  const { lanes, served, ask } = newWorld()
  ask('heavy', 200)
  ask('light', 200)
  await lanes.idle()
  const countsOf = (name: string): number[] => served.filter(({ client }) => client === name).map(({ count }) => count)
  expect(new Set(countsOf('heavy').slice(4))).toEqual(new Set([1]))
  expect(Math.max(...countsOf('light').slice(1))).toBeGreaterThan(1)
})

test('while the main thread has too much to deal with nothing is begun, and then whoever has had least goes first, whenever he came', async () => {
  const memory = newUnderWayMemory()
  const underWay = newUnderWay(memory)
  const sent: number[] = []
  const outlet = new Outlet((frame) => frame instanceof Uint8Array && sent.push(frame.length), underWay)
  const { lanes, served, ask } = newWorld(() => outlet.isCongested)
  for (let i = 0; i < 3; i++) {
    writeSettled(outlet.frame, 'x'.repeat(60_000), i)
    ask('heavy', 200)
    for (let turn = 0; turn < 9; turn++) await nextTurn()
  }
  expect(served).not.toEqual([])
  for (let i = 0; i < 20; i++) writeSettled(outlet.frame, 'x'.repeat(60_000), i)
  outlet.flush()
  const before = served.length
  ask('light', 1)
  for (let turn = 0; turn < 50; turn++) await nextTurn()
  expect(served.length).toBe(before)
  for (const bytes of sent) noteTaken(memory, bytes)
  await lanes.idle()
  expect(underWay.unreadBytes).toBe(0)
  expect(served.slice(before).findIndex(({ client }) => client === 'light')).toBeLessThan(3)
})

test('what is unread is counted beyond four gigabytes', () => {
  const [memory, mebibyte] = [newUnderWayMemory(), 1024 * 1024]
  const underWay = newUnderWay(memory)
  for (let i = 0; i < 5_000; i++) {
    underWay.posted(mebibyte)
    if (i > 0) noteTaken(memory, mebibyte)
  }
  expect(underWay.unreadBytes).toBe(mebibyte)
})

test('everybody is served in the end, and everything once and in order', async () => {
  const { lanes, served, ask } = newWorld()
  for (let i = 0; i < 20; i++) ask(`h${String(i)}`, i)
  for (let round = 0; round < 200; round++) {
    ask('light', 1)
    await nextTurn()
  }
  await lanes.idle()
  const total = new Map<string, number>()
  for (const { client, count } of served) total.set(client, (total.get(client) ?? 0) + count)
  expect([...total].sort()).toEqual([...Array.from({ length: 19 }, (_, i) => [`h${String(i + 1)}`, i + 1]), ['light', 200]].sort())
})

test('the least is taken first, what is alike in the order in which it came', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('take' as const))), (steps) => {
      const queue = new LeastFirst<number>()
      const model: { rank: number; value: number }[] = []
      steps.forEach((step, value) => {
        if (step === 'take') {
          const least = model.reduce<(typeof model)[number] | undefined>((a, b) => (a !== undefined && a.rank <= b.rank ? a : b), undefined)
          if (least !== undefined) model.splice(model.indexOf(least), 1)
          expect(queue.take()).toBe(least?.value)
        } else {
          queue.add(value, step)
          model.push({ rank: step, value })
        }
        expect(queue.size).toBe(model.length)
      })
    }),
  )
})
