/** Batches of requests of one device: what they see of each other, what is done once, and that nothing remembered is ever old. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, type Desc, record } from '../../protocol/index.js'
import { newRpcContext } from '../../rpc/context.js'
import { dispatch } from '../../rpc/dispatcher.js'
import { devices, profiles, table } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay, type FactReader } from '../../rpc/facts.js'
import { accept, answer, type Outcome } from '../../rpc/outcome.js'
import { newReadCache, type ReadCache } from '../../rpc/read-cache.js'
import type { Caller } from '../../rpc/request.js'
import type { BatchItem, BatchResult, BatchWorld, ClientState } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import { newSharedMemory, openLmdbStore, type Store, StoreOutage } from '../../store/index.js'
import { actionsTopic, p2pTopic, phoneOf, rosterIdOf } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf } from '../acl/cast.js'
import { ann, boris, friends, now } from './chat-world.js'

/** One worker's handle of the store, and what that worker remembers. */
interface Node {
  readonly store: Store
  readonly cache: ReadCache
}

let path: string
let here: Node
let there: Node
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'batch-'))
  const sharedMemory = newSharedMemory()
  const open = async (): Promise<Node> => ({ store: await openLmdbStore({ path, sharedMemory }), cache: newReadCache(200) })
  here = await open()
  there = await open()
  const clients = ['emqttd_A1', 'emqttd_A2'].map(clientIdOf)
  const known = [devices.put({ clients }, phoneOf(ann)), devices.put({ clients: [clientIdOf('emqttd_B1')] }, phoneOf(boris))]
  const profile = { services: [], settings: [], rosters: [rosterIdOf(ann)], update: now, balance: 0, created: now }
  await here.store.commit({ puts: [...friends(ann, boris), ...known, profiles.put(profile, phoneOf(ann))] })
})
afterAll(async () => {
  await here.store.close()
  await there.store.close()
  await rm(path, { recursive: true })
})

const clientId = clientIdOf('emqttd_A1')
const caller: Caller = {
  client: { kind: 'device', phone: phoneOf(ann), rosters: [ann], clientId, userName: 'api' },
  ...{ clientId, dialect: 'v1', codec: 'bert', address: '', token: null },
}
const actions = actionsTopic('api', clientId)
const context = newRpcContext({ boot: 'test', nodeCount: 2 })

function item(evaluate: BatchItem['evaluate'], parts: Partial<BatchItem> = {}): BatchItem {
  const asker = { connection: 1, clientId, actionsTopic: actions, hasInbox: true, qos: 1 } as const
  return { asker, request: 1, isRepeated: false, answersRefusals: true, evaluate, ...parts }
}

const ask = (asked: AnyRecord, parts?: Partial<BatchItem>): BatchItem =>
  item((reader) => dispatch({ record: asked, caller, now, context }, reader), parts)

function batchWorld({ store, cache }: Node, onConflict = (): void => undefined): BatchWorld {
  return {
    ...{ store, cache, boot: 'test', newId: () => 'id', onConflict },
    onFault(fault) {
      throw fault
    },
    onOutcome: () => undefined,
    wait: () => Promise.resolve(),
    elapsed: () => reading(0),
  }
}

const freshState = (): ClientState => ({ clientId, marks: undefined })
type Covered = Awaited<ReturnType<typeof runBatch>>

/** Runs batches until all items are done, as a lane does. */
async function runAll(items: readonly BatchItem[], state = freshState(), world = batchWorld(here)): Promise<readonly Covered[]> {
  const results: Covered[] = []
  for (let left = items; left.length > 0; left = left.slice(results.at(-1)?.covered)) {
    results.push(await runBatch(left, state, noDeadline, world))
  }
  return results
}

/** The devices that are told something, and of what kind, in order. */
function told({ draft }: BatchResult): readonly (readonly string[])[] {
  return draft.after.flatMap((step) => {
    if (step.kind === 'deliver') return [[step.outgoing.payload.kind, ...step.outgoing.clients]]
    return step.kind === 'answer' ? [[step.payload.kind, 'the caller']] : []
  })
}

function answersOf({ draft }: BatchResult): readonly AnyRecord[] {
  return draft.after.flatMap((step) => (step.kind === 'answer' && step.payload.kind === 'record' ? [step.payload.record] : []))
}

const feed = p2pTopic(ann, boris)
const text = (payload: string): Desc => record('Desc', { id: 'd', mime: 'text', payload })
const post = (msgId: string, payload = 'hello') =>
  record('Message', { msg_id: msgId, from: ann, to: boris, files: [text(payload)], status: 'client' })

describe('a batch', () => {
  test('stores a message that it holds twice once; the second is answered to the caller only', async () => {
    const before = (await here.store.feedHead(feed)).count
    const results = await runAll([ask(post('twice')), ask(post('twice'))])
    expect(results.map(told)).toEqual([[['message', 'emqttd_A1', 'emqttd_A2', 'emqttd_B1']], [['record', 'the caller']]])
    const { count, lastId } = await here.store.feedHead(feed)
    expect(count - before).toBe(1)
    expect(results.flatMap(answersOf)).toEqual([expect.objectContaining({ tag: 'Message', id: lastId, msg_id: 'twice', status: 'sent' })])
  })

  test('shows in the history what it has edited before', async () => {
    await runAll([ask(post('edited', 'first'))])
    const { lastId } = await here.store.feedHead(feed)
    const history = record('History', {
      roster_id: ann,
      feed: record('p2p', { from: ann, to: boris }),
      size: -1,
      entity_id: 0,
      status: 'get',
    })
    const edit = record('Message', { ...post('edited', 'second'), id: lastId, status: 'edit' })
    const results = await runAll([ask(history), ask(edit), ask(history)])
    expect(results).toHaveLength(1)
    expect(results.flatMap(answersOf)).toMatchObject([
      { data: [{ id: lastId, files: [{ payload: 'first' }] }] },
      { data: [{ id: lastId, files: [{ payload: 'second' }] }] },
    ])
  })

  test('is run again when another handle has changed what it rests on, and not for what it only shows', async () => {
    let conflicts = 0
    const seen: unknown[] = []
    await here.store.commit({ puts: [numbers.put(1, 'conflict', 'checked'), numbers.put(1, 'conflict', 'shown')] })
    const add = item(async (reader) => {
      const checked = (await reader.get(numbers, 'conflict', 'checked')) ?? 0
      const shown = await reader.peek(numbers, 'conflict', 'shown')
      seen.push([checked, shown])
      const name = seen.length === 1 ? 'checked' : 'shown'
      await there.store.commit({ puts: [numbers.put(10, 'conflict', name)] })
      return accept({ puts: [numbers.put(checked + 1, 'conflict', 'sum')] })
    })
    await runAll(
      [add],
      freshState(),
      batchWorld(here, () => (conflicts += 1)),
    )
    expect({ seen, conflicts }).toEqual({ seen: [[1, 1], [10, 1]], conflicts: 1 }) // prettier-ignore
    const sum = await there.store.get(numbers.key('conflict', 'sum'))
    expect(sum && numbers.decode(sum)).toBe(11)
  })
})

test('a request that rests on what others keep changing is refused alone: those before it in the batch are done', async () => {
  let runs = 0
  const steady = item(() => Promise.resolve(accept({ puts: [numbers.put(7, 'contested', 'steady')] })))
  const contested = item(async (reader) => {
    const value = (await reader.get(numbers, 'contested', 'all')) ?? 0
    await there.store.commit({ puts: [numbers.put(value + 1, 'contested', 'all')] })
    return accept({ puts: [numbers.put(value, 'contested', 'mine')] })
  })
  const deadline = reading(8) // each look at the clock takes a millisecond
  const world = { ...batchWorld(here), elapsed: () => reading(runs++) }
  const first = await runBatch([steady, contested], freshState(), deadline, world)
  const second = await runBatch([contested], freshState(), deadline, world)
  expect([first.covered, second.covered]).toEqual([1, 1])
  expect([first, second].map(answersOf)).toEqual([[], [expect.objectContaining({ tag: 'io', code: expect.anything() })]])
  const stored = await Promise.all(['steady', 'mine'].map(async (name) => there.store.get(numbers.key('contested', name))))
  expect(stored.map((bytes) => bytes && numbers.decode(bytes))).toEqual([7, undefined])
})

const numbers = table<[group: string, name: string], number>('number')

describe('a store that lacks room', () => {
  /** The store of `here`, of which every commit that writes is refused while it is full. */
  function fullWorld() {
    const disk = { isFull: true, waits: 0 }
    const outcomes: string[] = []
    const missed: BatchItem[] = []
    const store: Store = {
      ...here.store,
      commit: (commit) => (disk.isFull ? Promise.reject(new StoreOutage('full', { lacks: 'disk' })) : here.store.commit(commit)),
    }
    const world: BatchWorld = {
      ...batchWorld({ store, cache: here.cache }),
      onOutcome: (_item, outcome) => outcomes.push(outcome.kind === 'refused' ? outcome.code : outcome.kind),
      onMissed: (one) => missed.push(one),
      wait() {
        disk.waits++
        disk.isFull = disk.waits < 3
        return Promise.resolve()
      },
    }
    return { world, outcomes, missed, disk }
  }
  const writing = item(() => Promise.resolve(accept({ puts: [devices.put({ clients: [] }, phoneOf(boris))] })))
  const reading = item(() => Promise.resolve(accept({ sends: [answer(record('Typing', {}))] })))

  test('refuses at once what is to be stored and says what is lacking; what only reads is answered, and each is counted as what it came to', async () => {
    const { world, outcomes, disk } = fullWorld()
    const results = await runAll([reading, writing, reading, writing], freshState(), world)
    const refused = expect.objectContaining({ code: record('error', { code: 'unavailable' }), data: 'disk' })
    const shown = expect.objectContaining({ tag: 'Typing' })
    expect(results.flatMap(answersOf)).toEqual([shown, refused, shown, refused])
    expect(outcomes).toEqual(['accepted', 'unavailable', 'accepted', 'unavailable'])
    expect(disk.waits).toBe(0)
  })

  test('lets what nobody is answered wait for room', async () => {
    const { world, outcomes, missed } = fullWorld()
    const [result] = await runAll([{ ...writing, answersRefusals: false }], freshState(), world)
    expect([result?.draft.after, outcomes, missed]).toMatchObject([[{ kind: 'done', request: 1 }], ['accepted'], []])
  })

  test('greets who comes all the same, and notes what is to be made up for', async () => {
    const { world, outcomes, missed, disk } = fullWorld()
    const evaluateUnstored = (): Promise<Outcome> => Promise.resolve(accept({ sends: [answer(record('vnode_max', { node: 2 }))] }))
    const results = await runAll([{ ...writing, request: 0, answersRefusals: false, evaluateUnstored }], freshState(), world)
    expect(results.flatMap(answersOf)).toMatchObject([{ tag: 'vnode_max' }])
    expect([outcomes, missed.length, disk.waits]).toEqual([['unavailable'], 1, 0])
  })
})

describe('marks', () => {
  const markOf = (n: number) => ({ packetId: (n % 65_535) + 1, digest: (n * 2_654_435_761) >>> 0 })

  /** A request that stores something; it counts how often it is executed. */
  function counted(n: number, isRepeated = false): { readonly item: BatchItem; readonly times: () => number } {
    let times = 0
    const evaluate = (): Promise<Outcome> => {
      times++
      return Promise.resolve(accept({ puts: [numbers.put(n, 'marked', 'last')] }))
    }
    return { item: item(evaluate, { mark: markOf(n), isRepeated }), times: () => times }
  }

  for (const { rule, parts, executed } of [
    { rule: 'comes again with DUP', parts: {}, executed: 0 },
    { rule: 'is no repetition, but a packet id that has come round', parts: { isRepeated: false }, executed: 1 },
    { rule: 'has the packet id of another', parts: { mark: { ...markOf(1_000_000), digest: 7 } }, executed: 1 },
    { rule: 'comes from a connection without marks', parts: { mark: undefined }, executed: 1 },
  ] as const)
    test(`a request that ${rule} is executed ${executed === 0 ? 'no second time, and done' : 'again'}`, async () => {
      await runAll([counted(1_000_000).item])
      const again = counted(1_000_000, true)
      const { mark, ...rest } = { ...again.item, ...parts }
      const [result] = await runAll([{ ...rest, ...(mark === undefined ? {} : { mark }), request: 9 }])
      expect(again.times()).toBe(executed)
      expect(result?.draft.after).toMatchObject([{ kind: 'done', request: 9, verdict: { kind: executed === 1 ? 'accepted' : 'repeated' } }])
    })

  test('a repetition within its batch is known, and one that stored nothing is executed again', async () => {
    const [first, again] = [counted(1_000_001), counted(1_000_001, true)]
    await runAll([first.item, again.item])
    expect([first.times(), again.times()]).toEqual([1, 0])
    const harmless = item(() => Promise.resolve(accept({ sends: [answer(record('io', {}))] })), {
      mark: markOf(1_000_002),
      isRepeated: true,
    })
    const results = await runAll([harmless, harmless])
    expect(results.flatMap(answersOf)).toHaveLength(2)
  })

  test('of 2,000 the latest 961 to 1,024 are known, to this worker and to one that takes over; a row of 64 is forgotten at once', async () => {
    const state = freshState()
    const sizes = [1, 2, 3, 127, 128, 129, 5, 300]
    for (let n = 0, i = 0; n < 2_000; i++) {
      const size = Math.min(sizes[i % sizes.length]!, 2_000 - n)
      await runAll(
        Array.from({ length: size }, (_, k) => counted(n + k).item),
        state,
      )
      n += size
    }
    for (const asked of [state, freshState()]) {
      const repetitions = Array.from({ length: 2_000 }, (_, n) => counted(n, true))
      const known: number[] = []
      for (const [n, { item, times }] of repetitions.entries()) {
        // Evaluated on its own and without effect, so that asking changes nothing.
        const evaluate = async (reader: FactReader) => (await item.evaluate(reader), accept({}))
        await runAll([{ ...item, evaluate }], asked)
        if (times() === 0) known.push(n)
      }
      expect(known.at(-1)).toBe(1_999)
      expect(known).toHaveLength(known.at(-1)! - known[0]! + 1)
      expect(known.length).toBeGreaterThan(1_024 - 64)
      expect(known.length).toBeLessThanOrEqual(1_024)
    }
  })
})

type View = 'row' | 'group' | 'both' | 'feed'

interface Command {
  readonly kind: 'put' | 'append' | 'read' | 'torn' | 'batch'
  readonly isHere: boolean
  readonly group: 'a' | 'b'
  readonly name: 'x' | 'y'
  readonly value: number | undefined
  readonly view: View
  readonly isDisturbed: boolean
  readonly isLast: boolean
}

const commands = fc.array(
  fc.record<Command>({
    kind: fc.constantFrom('put', 'append', 'read', 'read', 'torn', 'batch', 'batch'),
    isHere: fc.boolean(),
    group: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('x', 'y'),
    value: fc.option(fc.nat(9), { nil: undefined }),
    view: fc.constantFrom('row', 'group', 'both', 'feed'),
    isDisturbed: fc.boolean(),
    isLast: fc.boolean(),
  }),
  { minLength: 3, maxLength: 14 },
)

/** Views over a few rows and a feed, one within the other, and what they must show. */
class Model {
  readonly rows = new Map<string, number>()
  readonly feeds = new Map<string, number[]>()
  readonly #run: string

  constructor(run: string) {
    this.#run = run
  }

  group = (name: string): string => `${this.#run}${name}`
  feed = (name: string): string => `room/${this.group(name)}`

  /** A memoized view; `pause` runs once, between two of its reads. */
  read(reader: FactReader, view: View, { group, name }: Command, pause: () => Promise<void> = () => Promise.resolve()): Promise<unknown> {
    const [g, f] = [this.group(group), this.feed(group)]
    switch (view) {
      case 'row':
        return reader.memo(`row ${g} ${name}`, async (own) => {
          const value = await own.peek(numbers, g, name)
          await pause()
          return { value, twice: await own.peek(numbers, g, name) }
        })
      case 'group':
        return reader.memo(`group ${g}`, async (own) => {
          const [x, y] = [await own.peek(numbers, g, 'x'), (await pause(), await own.peek(numbers, g, 'y'))]
          const listed = await own.scan(numbers, [g], 10)
          return { x, y, list: listed.map(({ key, document }) => [key[1], document]) }
        })
      case 'both':
        return reader.memo(`both ${this.#run}`, async (own) => {
          const a = await this.read(own, 'group', { ...commandOf('a'), name })
          await pause()
          return { a, b: await this.read(own, 'row', commandOf('b')) }
        })
      case 'feed':
        return reader.memo(`feed ${f}`, async (own) => {
          const { count } = await own.feedHead(f)
          await pause()
          const page = await own.feedPage(f, { from: 0, direction: 'newer', limit: 100 })
          return { count, values: page.map(({ message }) => message[0]) }
        })
    }
  }

  expected(view: View, { group, name }: Pick<Command, 'group' | 'name'>, rows: ReadonlyMap<string, number> = this.rows): unknown {
    const at = (g: string, n: string) => rows.get(`${g}${n}`)
    const values = this.feeds.get(group) ?? []
    switch (view) {
      case 'row':
        return { value: at(group, name), twice: at(group, name) }
      case 'group':
        return {
          ...{ x: at(group, 'x'), y: at(group, 'y') },
          list: ['x', 'y'].flatMap((n) => (at(group, n) === undefined ? [] : [[n, at(group, n)]])),
        }
      case 'both':
        return { a: this.expected('group', { group: 'a', name }, rows), b: this.expected('row', commandOf('b'), rows) }
      case 'feed':
        return { count: values.length, values }
    }
  }
}

const commandOf = (group: 'a' | 'b'): Command => {
  const rest = { kind: 'read', isHere: true, value: 0, view: 'row', isDisturbed: false, isLast: false } as const
  return { ...rest, group, name: 'x' }
}

function change(rows: Map<string, number>, { group, name, value }: Command): void {
  if (value === undefined) rows.delete(`${group}${name}`)
  else rows.set(`${group}${name}`, value)
}

let runs = 0

test('whatever is changed through two handles, within batches or beside them, a view shows what is stored now', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const model = new Model(`r${String(runs++)}`)
      for (const command of list) await perform(model, command)
      for (const node of [here, there])
        for (const group of ['a', 'b'] as const)
          for (const view of ['row', 'group', 'both', 'feed'] as const) await expectFresh(model, node, { ...commandOf(group), view })
    }),
    { numRuns: 150 },
  )
})

function readerOf({ store, cache }: Node): FactReader {
  return newFactReader({ store, cache, overlay: emptyOverlay(), boot: 'test' }).reader
}

async function expectFresh(model: Model, node: Node, command: Command): Promise<void> {
  expect(await model.read(readerOf(node), command.view, command)).toEqual(model.expected(command.view, command))
}

async function store(model: Model, node: Node, command: Command): Promise<void> {
  await node.store.commit({ puts: [putOf(model, command)] })
  change(model.rows, command)
}

function putOf(model: Model, { group, name, value }: Command) {
  const key = [model.group(group), name] as const
  return value === undefined ? numbers.remove(...key) : numbers.put(value, ...key)
}

async function perform(model: Model, command: Command): Promise<void> {
  const [node, other] = command.isHere ? [here, there] : [there, here]
  switch (command.kind) {
    case 'put':
      return store(model, node, command)
    case 'append': {
      const message = Buffer.from([command.value ?? 0])
      await node.store.commit({ appends: [{ feed: model.feed(command.group), message, isCountable: true }] })
      model.feeds.set(command.group, [...(model.feeds.get(command.group) ?? []), message[0]!])
      return
    }
    case 'read':
      return expectFresh(model, node, command)
    case 'torn':
      // Changed while the view is made: it may show either or both, but only this once.
      await model.read(readerOf(node), command.view, command, () => store(model, other, command))
      return expectFresh(model, node, command)
    case 'batch':
      return performBatch(model, node, other, command)
  }
}

/** View, put, view in one batch; disturbed, another handle changes what it rests on before it is committed. */
async function performBatch(model: Model, node: Node, other: Node, command: Command): Promise<void> {
  const otherName = command.name === 'x' ? 'y' : 'x'
  const disturbing = { ...command, name: otherName, value: (command.value ?? 5) + 1 } as const
  let rows = new Map<string, number>()
  let isDisturbed = !command.isDisturbed
  const look = item(async (reader) => {
    expect(await model.read(reader, command.view, command)).toEqual(model.expected(command.view, command, rows))
    return accept({})
  })
  const begin = item(async (reader) => {
    rows = new Map(model.rows)
    await reader.get(numbers, model.group(command.group), otherName)
    return accept({ puts: [putOf(model, command)] })
  })
  const note = item(() => {
    change(rows, command)
    return Promise.resolve(accept({}))
  })
  const disturb = item(async () => {
    if (!isDisturbed) {
      isDisturbed = true
      await store(model, other, disturbing)
      change(rows, disturbing)
    }
    // Another device of the same worker is shown nothing that is not committed.
    await expectFresh(model, node, command)
    return accept({})
  })
  await runAll(command.isLast ? [begin, note, look, disturb] : [begin, note, disturb, look, look], freshState(), batchWorld(node))
  change(model.rows, command)
  return expectFresh(model, node, command)
}
