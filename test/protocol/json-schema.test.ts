import { describe, expect, test } from '@jest/globals'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { decode, type Dialect, encode, recordSchema, recordsIn, type SchemaForm, termSchema } from '../../protocol/index.js'
import { wireNameOf, type WireRecord } from '../../protocol/registry.js'
import { recordIn } from './arbitrary.js'
import { readGolden } from './golden.js'

const dialects: readonly Dialect[] = ['v1', 'v11']
const nameOf = (record: string, dialect: Dialect): string => `/${dialect}/${record}`
const form: SchemaForm = { within: (one) => ({ $ref: one === undefined ? '/term' : nameOf(one.name, one.dialect) }), draft: '2020-12' }
const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true, validateFormats: false })
ajv.addSchema(termSchema(form), '/term')
for (const dialect of dialects) for (const tag of recordsIn(dialect)) ajv.addSchema(recordSchema(tag, dialect, form)!, nameOf(tag, dialect))

function schemaOf({ tag, dialect }: WireRecord): ValidateFunction {
  const schema = ajv.getSchema(nameOf(tag, dialect))
  if (schema === undefined) throw new Error(`no schema of ${tag}`)
  return schema
}

const layouts = [...wireNameOf.values()].flatMap(({ v1, v11 }) => [v1, v11].filter((layout) => layout !== null))
const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())

describe('what the JSON codec writes fits the schema', () => {
  for (const layout of layouts) {
    const { name, dialect } = layout
    test(`${name} in ${dialect}`, () => {
      const schema = schemaOf(layout)
      for (const way of ['request', 'push'] as const) {
        fc.assert(
          fc.property(recordIn(layout, way), (given) => {
            const written = jsonOf(encode(given, { codec: 'json', dialect }))
            expect({ written, errors: schema(written) ? null : schema.errors }).toEqual({ written, errors: null })
          }),
          { numRuns: 40, seed: 4 },
        )
      }
    })
  }

  test('every record of flows.md', () => {
    let count = 0
    for (const { set, bytes } of readGolden()) {
      const decoded = set === 'flow' ? decode(bytes, 'v1') : undefined
      if (decoded?.kind !== 'record') continue
      for (const dialect of dialects) {
        const layout = wireNameOf.get(decoded.record.tag)?.[dialect]
        if (layout === null || layout === undefined) continue
        const schema = schemaOf(layout)
        const written = jsonOf(encode(decoded.record, { codec: 'json', dialect }))
        expect({ written, errors: schema(written) ? null : schema.errors }).toEqual({ written, errors: null })
        count++
      }
    }
    expect(count).toBeGreaterThan(100)
  })
})

/** A map somewhere in a record, and what becomes of it. */
type Spoil = (map: Record<string, unknown>, field: string) => void

const oddities: readonly unknown[] = [
  true,
  1.5,
  -1,
  2 ** 60,
  'x',
  '',
  'no such atom \u0001',
  [],
  ['x'],
  [null],
  {},
  { tag: 'Nobody' },
  { a: 1, b: 2 },
  null,
]
const spoils: fc.Arbitrary<Spoil> = fc.oneof(
  fc.constantFrom(...oddities).map(
    (odd): Spoil =>
      (map, field) =>
        void (map[field] = odd),
  ),
  fc.constant<Spoil>((map, field) => void Reflect.deleteProperty(map, field)),
  fc.constant<Spoil>((map) => void (map['surplus'] = 1)),
)

/** What the codec takes for a field that is not given, wherever it stands; the schema tells where a field is left out, and that some must not be. */
function isGiven(map: Record<string, unknown>, field: string): boolean {
  const value = map[field]
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

/*
 * The two differ in what is not given (above) and in what no schema can say: depth, bytes of the payload, lone surrogates, a room key under its old
 * name in a v11 record.
 */
describe('what the schema and the codec say of spoilt records is the same', () => {
  for (const layout of layouts) {
    const { name, dialect } = layout
    test(`${name} in ${dialect}`, () => {
      const schema = schemaOf(layout)
      const fields = ['tag', ...layout.names]
      const names: readonly unknown[] = layout.tag === 'muc' && dialect === 'v1' ? ['muc', 'group'] : [name]
      fc.assert(
        fc.property(recordIn(layout, 'request'), spoils, fc.constantFrom(...fields), (given, spoil, field) => {
          const map = jsonOf(encode(given, { codec: 'json', dialect })) as Record<string, unknown>
          spoil(map, field)
          const decoded = decode(Buffer.from(JSON.stringify(map)), dialect)
          const accepted = decoded.kind === 'record' && decoded.misfits.length === 0 && names.includes(map['tag'])
          if (isGiven(map, field) || !accepted) expect({ map, accepted: schema(map) }).toEqual({ map, accepted })
        }),
        { numRuns: 120, seed: 5 },
      )
    })
  }
})
