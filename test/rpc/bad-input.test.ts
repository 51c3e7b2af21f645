/** Whatever stands in whichever field of whichever request: it is refused as it should be, or means something; nothing breaks. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AnyRecord, channelReasons, decode, type Dialect, encode, errorCodeOf } from '../../src/protocol/index.js'
import { wireNameOf, type WireRecord } from '../../src/protocol/registry.js'
import type { Shape } from '../../src/protocol/shape.js'
import { dispatch, requestOf, routes } from '../../src/rpc/dispatcher.js'
import { emptyOverlay, newFactReader } from '../../src/rpc/facts.js'
import type { Outcome } from '../../src/rpc/outcome.js'
import { newReadCache } from '../../src/rpc/read-cache.js'
import { refusals } from '../../src/rpc/refusals.js'
import { type FullWorld, openFullWorld, type ValidRequest } from './valid-requests.js'

const dialects: readonly Dialect[] = ['v1', 'v11']
const huge = 'x'.repeat(50_000)
/** Odd texts and numbers of a field of the request itself, and of a record within it. */
const texts = [
  ['', huge, 'a\u0000b', '\u202e', '#', '+', 'a/b', '😀'.repeat(9_000)],
  ['a\u0000b', huge],
] as const
const integers = [[-1, 0, 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER], [-1]] as const
/** One of each kind of JSON value. */
const kinds: readonly unknown[] = [true, 1, 1.5, 'x', ['x'], {}, { tag: 'Nobody' }, { list: ['x'], tail: 'x' }]

let world: FullWorld
const cache = newReadCache(1_000)
beforeAll(async () => {
  world = await openFullWorld()
})
afterAll(() => world.close())

/** Values of the kinds that the field may hold, and odd all the same. */
function oddValues(shape: Shape, dialect: Dialect, depth: 0 | 1 = 0): unknown[] {
  const { text, term, bytes, int, ints, real, atoms, list, records, nil } = shape
  return [
    ...(nil && depth === 0 ? [null] : []),
    ...(text || term ? texts[depth] : []),
    ...(bytes ? ['', Buffer.alloc(30_000, 1).toString('base64')] : []),
    ...((int && ints === null) || term || real ? integers[depth] : []),
    ...(real ? [1e308, -1e308, 0.1, 181, -91] : []),
    ...(atoms?.wire.slice(0, depth === 0 ? undefined : 1) ?? []),
    ...(term ? [{ atom: 'x' }, { float: 1.5 }, { bytes: 'AAAA' }, { tuple: [] }, { integer: '1'.repeat(600) }, [[[[1]]]]] : []),
    ...(list === null ? [] : oddLists(list, dialect, depth)),
    ...records.flatMap((name) => oddRecords(name, dialect, depth)),
  ]
}

function oddLists(element: Shape, dialect: Dialect, depth: 0 | 1): unknown[] {
  const values = oddValues(element, dialect, depth)
  const small = values.find((value) => JSON.stringify(value).length < 60)
  const many = Math.min(element.records.length > 0 ? 300 : 1_100, Math.floor(60_000 / (JSON.stringify(small ?? 1).length + 1)))
  return [[], ...values.map((value) => [value]), ...(depth === 0 ? [Array.from({ length: many }, () => small)] : [])]
}

/** The record with nothing in it, and with one odd value in each of its fields. */
function oddRecords(name: string, dialect: Dialect, depth: 0 | 1): unknown[] {
  const layout = wireNameOf.get(name)?.[dialect]
  if (layout === null || layout === undefined || name === 'group') return []
  const blank = blankOf(layout)
  if (depth === 1) return [blank]
  return [
    blank,
    ...layout.names.flatMap((field, i) => oddValues(layout.shapes[i]!, dialect, 1).map((value) => ({ ...blank, [field]: value }))),
  ]
}

/** The required fields filled with something. */
function blankOf(layout: WireRecord): Record<string, unknown> {
  const required = layout.names.flatMap((name, i) => {
    const shape = layout.shapes[i]!
    return shape.fallback === null && !shape.nil ? [[name, shape.text ? 'x' : shape.int ? 1 : (shape.atoms?.wire[0] ?? null)]] : []
  })
  return { tag: layout.name, ...(Object.fromEntries(required) as Record<string, unknown>) }
}

const channels: Readonly<Record<string, { readonly v1: string } | undefined>> = channelReasons
const general = ['invalid_data', 'not_authorized', 'unavailable']

/** What came of bytes that a device has sent; nothing is stored of it. */
async function outcomeOf(payload: Uint8Array, dialect: Dialect, { caller }: ValidRequest): Promise<[Outcome, string] | undefined> {
  const decoded = decode(payload, dialect)
  if (decoded.kind === 'refusal') return undefined
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache, boot: world.boot })
  const request = { record: decoded.record, caller: { ...caller, dialect }, now: world.now, context: world.context }
  return [await dispatch(request, reader), `${decoded.record.tag}/${requestOf(decoded.record)}`]
}

function answersOf(outcome: Outcome): readonly AnyRecord[] {
  if (outcome.kind !== 'accepted') return []
  const sent = outcome.sends.flatMap(({ to, payload }) => (to === 'caller' && payload.kind === 'record' ? [payload.record] : []))
  return [...sent, ...outcome.effects.flatMap((effect) => (effect.kind === 'perform' ? [effect.done, effect.failed] : []))]
}

/** @throws unless it is a refusal that the request is known to have, or is granted and can be told in every codec */
function checkOutcome(outcome: Outcome, name: string, dialect: Dialect): void {
  const own = refusals[name] ?? []
  // a code of links and channels is another for who is told by io
  const known = [...general, ...own, ...own.map((code) => channels[code]?.v1)]
  const check = (code: string): void => {
    if (!known.includes(code)) throw new Error(`${name} is refused with ${code}`)
  }
  if (outcome.kind === 'dropped' && name !== 'Typing/') throw new Error(`${name} is not answered`)
  if (outcome.kind === 'refused') check(outcome.code)
  for (const answered of answersOf(outcome)) {
    const code = errorCodeOf(answered)
    if (code !== null) check(code)
    for (const codec of ['bert', 'msgpack', 'json'] as const) encode(answered, { codec, dialect })
  }
}

function wireMap(record: AnyRecord, dialect: Dialect): Record<string, unknown> {
  return JSON.parse(Buffer.from(encode(record, { codec: 'json', dialect })).toString()) as Record<string, unknown>
}

const asJson = (map: unknown): Buffer => Buffer.from(JSON.stringify(map))

describe.each(routes.map(({ tag, request }) => ({ name: `${tag}/${request}`, tag })))('$name', ({ name, tag }) => {
  for (const dialect of dialects) {
    const layout = wireNameOf.get(tag)?.[dialect]
    if (layout === null || layout === undefined) continue

    test(`${dialect}: as it should be it is granted, with anything in any field it is refused by a known code or granted`, async () => {
      const valid = world.valid.get(name)
      if (valid === undefined) throw new Error(`${name} has no example in valid-requests.ts`)
      const map = wireMap(valid.record, dialect)
      const first = await outcomeOf(asJson(map), dialect, valid)
      // a request that the dialect has no atom for is another one, or none
      if (first?.[1] === name) expect({ name, outcome: first[0] }).toMatchObject({ name, outcome: { kind: 'accepted' } })
      for (const [i, field] of layout.names.entries()) {
        for (const value of oddValues(layout.shapes[i]!, dialect)) {
          const result = await outcomeOf(asJson({ ...map, [field]: value }), dialect, valid).catch((error: unknown) => {
            throw new Error(`${field} = ${JSON.stringify(value).slice(0, 200)}`, { cause: error })
          })
          if (result !== undefined) checkOutcome(...result, dialect)
        }
      }
    })

    test(`${dialect}: a value of a kind that a field does not have is no record`, async () => {
      const map = wireMap(world.valid.get(name)!.record, dialect)
      for (const [i, field] of layout.names.entries()) {
        if (layout.shapes[i]!.term) continue
        const refused = kinds.filter((value) => decode(asJson({ ...map, [field]: value }), dialect).kind === 'refusal')
        expect({ field, count: refused.length > 3 }).toEqual({ field, count: true })
      }
    })
  }
})
