/** Whatever stands in whichever field of whichever request: it is refused as it should be, or means something; nothing breaks. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AnyRecord, decode, type Dialect, encode, errorCodeOf } from '../../protocol/index.js'
import { skipTerms } from '../../protocol/bert-skip.js'
import { wireNameOf, type WireRecord } from '../../protocol/registry.js'
import type { Shape } from '../../protocol/shape.js'
import { dispatch, requestOf, routes } from '../../rpc/dispatcher.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import type { Outcome } from '../../rpc/outcome.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { knownCodes } from './known-refusals.js'
import { usesField } from './used-fields.js'
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
  const { list, records, nil, atoms } = shape
  return [
    ...(nil && depth === 0 ? [null] : []),
    ...(atoms?.wire.slice(0, depth === 0 ? undefined : 1) ?? []),
    ...oddScalars(shape, depth),
    ...(list === null ? [] : oddLists(list, dialect, depth)),
    ...records.flatMap((name) => oddRecords(name, dialect, depth)),
  ]
}

const oddTerms: readonly unknown[] = [
  { atom: 'x' },
  { float: 1.5 },
  { bytes: 'AAAA' },
  { tuple: [] },
  { integer: '1'.repeat(600) },
  [[[[1]]]],
]

function oddScalars({ text, term, bytes, int, ints, real }: Shape, depth: 0 | 1): unknown[] {
  return [
    ...(text || term ? texts[depth] : []),
    ...(bytes ? ['', Buffer.alloc(30_000, 1).toString('base64')] : []),
    ...((int && ints === null) || term || real ? integers[depth] : []),
    ...(real ? [1e308, -1e308, 0.1, 181, -91] : []),
    ...(term ? oddTerms : []),
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

/** What came of bytes that a device has sent; nothing is stored of it. */
async function outcomeOf(payload: Uint8Array, dialect: Dialect, { caller }: ValidRequest): Promise<[Outcome, string] | undefined> {
  const decoded = decode(payload, dialect)
  if (decoded.kind === 'refusal') return undefined
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache, boot: world.boot })
  const context = { ...world.context, random: (count: number) => new Uint8Array(count) }
  const request = { record: decoded.record, caller: { ...caller, dialect }, now: world.now, context }
  return [await dispatch(request, reader, decoded.misfits), `${decoded.record.tag}/${requestOf(decoded.record)}`]
}

function answersOf(outcome: Outcome): readonly AnyRecord[] {
  if (outcome.kind !== 'accepted') return []
  const sent = outcome.sends.flatMap(({ to, payload }) => (to === 'caller' && payload.kind === 'record' ? [payload.record] : []))
  return [...sent, ...outcome.effects.flatMap((effect) => (effect.kind === 'perform' ? [effect.done, effect.failed] : []))]
}

/** @throws unless it is a refusal that the request is known to have, or is granted and can be told in every codec */
function checkOutcome(outcome: Outcome, name: string, dialect: Dialect): void {
  const known = knownCodes(name)
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

    test(`${dialect}: what stands in a field that it does not use changes nothing, a value of another kind in one that it uses is invalid`, async () => {
      const valid = world.valid.get(name)!
      const payload = encode(valid.record, { codec: 'bert', dialect })
      const map = wireMap(valid.record, dialect)
      const asked = await outcomeOf(payload, dialect, valid)
      if (asked?.[1] !== name) return
      for (const [i, field] of layout.names.entries()) {
        const spoilt = [
          ...oddTermBytes.map((term) => withElement(payload, i, term)),
          ...[[], null, ...kinds].map((value) => asJson({ ...map, [field]: value })),
        ]
        for (const bytes of spoilt) {
          const decoded = decode(bytes, dialect)
          const outcome = (await outcomeOf(bytes, dialect, valid))?.[0]
          const where = { field, bytes: bytes.toString('latin1') }
          if (!usesField(name, field)) expect({ ...where, outcome }).toEqual({ ...where, outcome: asked[0] })
          else if (decoded.kind === 'refusal' || decoded.misfits.length > 0) {
            const told = outcome?.kind === 'refused' ? outcome.code : outcome?.kind
            expect({ ...where, told: told ?? 'invalid_data' }).toEqual({ ...where, told: 'invalid_data' })
          }
        }
      }
    })
  }
})

/** Terms that no field expects, and `[]`: a float, a tuple, `[[]]`, an integer, an atom, a binary that is no text, a list of bytes. */
const oddTermBytes: readonly (readonly number[])[] = [
  [106],
  [70, 63, 248, 0, 0, 0, 0, 0, 0],
  [104, 1, 97, 1],
  [108, 0, 0, 0, 1, 106, 106],
  [97, 7],
  [100, 0, 1, 120],
  [109, 0, 0, 0, 1, 255],
  [107, 0, 1, 1],
]

/** A record in BERT with another term in one of its fields. */
function withElement(payload: Uint8Array, field: number, term: readonly number[]): Buffer {
  const bytes = Buffer.from(payload)
  const from = skipTerms(bytes, 3, bytes.length, field + 1)
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(term), bytes.subarray(skipTerms(bytes, from, bytes.length, 1))])
}

const file = (payload: string): object => ({ tag: 'Desc', id: 'd', payload })
const long = (characters: number): string => 'я'.repeat(characters)

/** Limits of rpc.md 1.5 and of single entries: what is beyond them, by request and field. */
const beyond: readonly (readonly [name: string, field: string, values: readonly unknown[], code?: string])[] = [
  ['Auth/reg', 'phone', ['1234', '1'.repeat(16), '+', 'phone', '']],
  ['Auth/reg', 'dev_key', [long(128)]],
  ['Roster/patch', 'names', ['A', long(33), 'A\u0007']],
  ['Roster/patch', 'surnames', [long(33), 'K\u0000']],
  ['Roster/patch', 'nick', ['a', 'a'.repeat(33), 'anna k', 'я_я'], 'invalid_nick'],
  ['Roster/nick', 'nick', ['a', 'a'.repeat(33), 'a-b'], 'invalid_nick'],
  ['Roster/create', 'names', ['A', long(33)]],
  ['Friend/request', 'friend_id', ['', 'nobody', '380670002234', '1_1']],
  ['Message/client', 'msg_id', ['', 'x'.repeat(256)]],
  ['Message/client', 'files', [[], [file('')], [file('x'.repeat(16_385))], Array.from({ length: 11 }, () => file('x'))]],
  ['Message/client', 'from', ['', '380670001234']],
  ['Message/edit', 'files', [[file('x'.repeat(16_385))], Array.from({ length: 11 }, () => file('x'))]],
  [
    'History/get',
    'feed',
    [
      { tag: 'muc', name: 'a/b' },
      { tag: 'p2p', from: 'x', to: 'y' },
    ],
  ],
  ['Room/create', 'id', ['a/b', '#', '', '380670001234_1']],
  ['Room/create', 'name', ['', long(33), null]],
  ['Room/create', 'description', [long(256)]],
  ['Room/patch', 'name', ['', long(33)]],
  ['Room/patch', 'description', [long(256)]],
  ['Room/patch', 'tos', [long(4_097)]],
  ['Member/patch', 'alias', [long(33), 'a\u0001']],
  ['Member/patch', 'names', ['A', long(33)]],
  ['Member/patch', 'avatar', ['x'.repeat(4_097)]],
  ['Search/contact', 'value', [Array.from({ length: 1_001 }, (_one, i) => String(380_670_000_000 + i)), [{ atom: 'x' }]]],
  ['Search/contact', 'field', ['shoe size', null]],
  ['Tag/create', 'name', ['', long(33), null, 'Work']],
  ['Tag/create', 'color', ['x'.repeat(17)]],
  ['Loc/', 'x', [180.5, -181, null]],
  ['Loc/', 'y', [90.5, -91, null]],
  ['CDR/', 'id', ['', 'x'.repeat(256)]],
  ['CDR/', 'duration', [-1]],
  ['CDR/', 'to', ['a/b', '']],
  ['ftp/init', 'size', [-1]],
  ['ftp/init', 'id', ['', 'x'.repeat(256)]],
  ['Job/init', 'time', [0, -1]],
  ['Profile/link', 'services', [[{ tag: 'Service', type: 'email', login: 'no address' }], []]],
  ['Profile/migrate', 'phone', ['380670001234', '380670002234', 'x', null]],
]

/** A refusal that uses something up (a budget, say) is stored, and its answer says so. */
function refusedAs(outcome: Outcome): string | undefined {
  if (outcome.kind === 'refused') return outcome.code
  const sends = outcome.kind === 'accepted' ? outcome.sends : []
  const codes = sends.map(({ payload }) => (payload.kind === 'record' ? errorCodeOf(payload.record) : null))
  return codes.find((code) => code !== null) ?? undefined
}

describe('what is beyond a limit is refused', () => {
  for (const [name, field, values, code = 'invalid_data'] of beyond) {
    test.each(values.map((value) => ({ value, shown: JSON.stringify(value).slice(0, 40) })))(
      `${name}, ${field}: $shown`,
      async ({ value }) => {
        const valid = world.valid.get(name)!
        const dialect = wireNameOf.get(valid.record.tag)?.v1 === null ? 'v11' : 'v1'
        const map = { ...wireMap(valid.record, dialect), [field]: value }
        const result = await outcomeOf(asJson(map), dialect, valid)
        const told = result === undefined ? 'invalid_data' : (refusedAs(result[0]) ?? 'granted')
        expect(told).toBe(code)
      },
    )
  }
})
