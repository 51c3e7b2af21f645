import fc from 'fast-check'
import type { AnyRecord, Dialect, Term } from '../../protocol/index.js'
import type { Way } from '../../protocol/mapping.js'
import { wireNameOf, type WireRecord } from '../../protocol/registry.js'
import type { Shape } from '../../protocol/shape.js'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const integer = fc.oneof(fc.nat(300), fc.integer(), fc.maxSafeInteger())
const bytes = fc.uint8Array({ maxLength: 20 })
/** A binary that is no text. */
const rawBytes = bytes.map((tail) => new Uint8Array([0xff, ...tail]))
const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))
const bigint = fc.bigInt({ min: 2n ** 53n, max: 2n ** 2000n }).chain((value) => fc.constantFrom(value, -value))
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })

/** Any term, as a reader gives it. */
export const anyTerm = fc.letrec<{ term: Term; list: readonly Term[] }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'term' },
    fc.oneof(
      text,
      integer,
      bigint,
      rawBytes,
      float.map((value) => ({ float: value })),
      name.map((atom) => ({ atom })),
      fc.constant([]),
    ),
    tie('list'),
    tie('list').map((tuple) => ({ tuple })),
    fc.record({
      list: fc.array(tie('term'), { minLength: 1, maxLength: 3 }),
      tail: tie('term').filter((tail) => !Array.isArray(tail) && !(typeof tail === 'object' && 'tail' in tail)),
    }),
  ),
  list: fc.array(tie('term'), { maxLength: 4 }),
})).term

function scalarOptions(shape: Shape): fc.Arbitrary<unknown>[] {
  const options: fc.Arbitrary<unknown>[] = []
  if (shape.nil && shape.list === null && !shape.term) options.push(fc.constant(null))
  if (shape.text) options.push(text)
  if (shape.bytes) options.push(bytes)
  if (shape.ints !== null) options.push(fc.constantFrom(...shape.ints))
  else if (shape.int) options.push(integer)
  if (shape.real) options.push(float)
  if (shape.atoms !== null) options.push(fc.constantFrom(...shape.atoms.received.values()))
  if (shape.anyAtom) options.push(name)
  if (shape.symbol) options.push(name.map((atom) => ({ atom })))
  if (shape.term) options.push(anyTerm)
  return options
}

function optionsOf(shape: Shape, dialect: Dialect, way: Way, depth: number): fc.Arbitrary<unknown>[] {
  const options = scalarOptions(shape)
  if (shape.list !== null) options.push(listOf(shape.list, dialect, way, depth))
  for (const items of shape.tuples) {
    options.push(fc.tuple(...items.map((item) => valueOf(item, dialect, way, depth + 1))).map((tuple) => ({ tuple })))
  }
  if (depth < 2 || options.length === 0) for (const tag of shape.records) options.push(...recordOptions(tag, dialect, way, depth + 1))
  return options
}

function listOf(element: Shape, dialect: Dialect, way: Way, depth: number): fc.Arbitrary<unknown> {
  if (depth >= 2 && element.records.length > 0) return fc.constant([])
  return fc.array(valueOf(element, dialect, way, depth), { maxLength: 2 })
}

function valueOf(shape: Shape, dialect: Dialect, way: Way, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(...optionsOf(shape, dialect, way, depth))
}

function recordOptions(tag: string, dialect: Dialect, way: Way, depth: number): fc.Arbitrary<unknown>[] {
  const layout = wireNameOf.get(tag)?.[dialect]
  return layout === null || layout === undefined ? [] : [recordIn(layout, way, depth)]
}

/** Canonical records such as a peer of that layout's dialect can send. */
export function recordIn(layout: WireRecord, way: Way, depth = 0): fc.Arbitrary<AnyRecord> {
  const fields = layout.shapes.map((shape) => valueOf(shape, layout.dialect, way, depth))
  // the mapping makes a canonical record of values that fit the layout
  return fc.tuple(...fields).map((values) => layout.mapping.read(values, way) as AnyRecord)
}
