import { describe, expect, test } from '@jest/globals'
import { decode, decodePush, encode, record, type AnyRecord, type Dialect, type Term } from '../../protocol/index.js'
import { wireNameOf } from '../../protocol/registry.js'
import { goldenBytes, readGolden } from './golden.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function decoded(bytes: Uint8Array, dialect: Dialect): AnyRecord {
  const result = decode(bytes, dialect)
  if (result.kind === 'refusal') throw new Error(result.because)
  return result.record
}

describe('every tuple of flows.md comes back as the same bytes', () => {
  for (const { name, source, bytes } of readGolden().filter(({ set }) => set === 'flow')) {
    const dialect = name.startsWith('7.') ? 'v11' : 'v1'
    test(`${name} ${source.slice(0, 100)}`, () => {
      for (const read of [decode, decodePush]) {
        const result = read(bytes, dialect)
        expect(result).toMatchObject({ kind: 'record', encoding: { codec: 'bert', dialect } })
        if (result.kind !== 'record') return
        expect(hex(encode(result.record, { codec: 'bert', dialect }))).toBe(hex(bytes))
      }
    })
  }

  test('a record named by a binary is that record, the one that is asked and those within it', () => {
    const names = [...wireNameOf.keys()]
    /** Each tuple that begins with the atom of a record begins with the binary of that name. */
    const namedByBinaries = (bytes: Uint8Array): Buffer =>
      names.reduce((from, name) => {
        const atom = Buffer.from([100, 0, name.length, ...Buffer.from(name)])
        const parts: Buffer[] = []
        let rest = from
        for (let at = rest.indexOf(atom); at >= 0; at = rest.indexOf(atom)) {
          const isName = rest[at - 2] === 104
          parts.push(rest.subarray(0, at), isName ? Buffer.from([109, 0, 0, 0, name.length]) : atom.subarray(0, 3), Buffer.from(name))
          rest = rest.subarray(at + atom.length)
        }
        return Buffer.concat([...parts, rest])
      }, Buffer.from(bytes))
    for (const { name, bytes } of readGolden().filter(({ set }) => set === 'flow')) {
      const dialect = name.startsWith('7.') ? 'v11' : 'v1'
      expect(namedByBinaries(bytes)).not.toEqual(Buffer.from(bytes))
      for (const read of [decode, decodePush]) expect(read(namedByBinaries(bytes), dialect)).toEqual(read(bytes, dialect))
    }
  })

  test('there are as many as flows.md has', () => {
    expect(readGolden().filter(({ set }) => set === 'flow').length).toBeGreaterThan(60)
  })
})

const asItCame: Readonly<Record<string, Term>> = {
  '0': 0,
  '255': 255,
  '256': 256,
  '-1': -1,
  '2147483647': 2147483647,
  '-2147483648': -2147483648,
  '2147483648': 2147483648,
  '-2147483649': -2147483649,
  '9007199254740991': Number.MAX_SAFE_INTEGER,
  '9007199254740992': 2n ** 53n,
  '-9007199254740991': -Number.MAX_SAFE_INTEGER,
  '-9007199254740992': -(2n ** 53n),
  '1 bsl 64': 2n ** 64n,
  '-(1 bsl 64)': -(2n ** 64n),
  '(1 bsl 2040) - 1': 2n ** 2040n - 1n,
  '1 bsl 2047': 2n ** 2047n,
  '0.0': { float: 0 },
  '1.5': { float: 1.5 },
  '-2.0': { float: -2 },
  '1.0e300': { float: 1e300 },
  '5.0e-324': { float: 5e-324 },
  '[]': [],
  '[1,2,3]': [1, 2, 3],
  '"text"': [116, 101, 120, 116],
  '[1,256]': [1, 256],
  '[a|b]': { list: [{ atom: 'a' }], tail: { atom: 'b' } },
  '[a,b|{c}]': { list: [{ atom: 'a' }, { atom: 'b' }], tail: { tuple: [{ atom: 'c' }] } },
  '<<>>': '',
  '<<"latin">>': 'latin',
  '<<255,254>>': new Uint8Array([255, 254]),
  '{}': { tuple: [] },
  '{a,1,<<"x">>,[]}': { tuple: [{ atom: 'a' }, 1, 'x', []] },
  '{{{}}}': { tuple: [{ tuple: [{ tuple: [] }] }] },
  'list_to_tuple(lists:seq(1,300))': { tuple: Array.from({ length: 300 }, (_, i) => i + 1) },
  'lists:seq(1,1000)': Array.from({ length: 1000 }, (_, i) => i + 1),
  atom: { atom: 'atom' },
  "'with space'": { atom: 'with space' },
  "''": { atom: '' },
  true: { atom: 'true' },
  'list_to_atom([233])': { atom: 'é' },
  'list_to_atom([1087,1088])': { atom: 'пр' },
  'list_to_atom(lists:duplicate(255,$a))': { atom: 'a'.repeat(255) },
}

describe('a term of Erlang is read as it is and written as Erlang writes it', () => {
  for (const [source, value] of Object.entries(asItCame)) {
    test(source, () => {
      const bytes = goldenBytes(source)
      expect(decoded(bytes, 'v1')).toEqual(record('Service', { data: value }))
      expect(hex(encode(record('Service', { data: value }), { codec: 'bert', dialect: 'v1' }))).toBe(hex(bytes))
    })
  }
})

describe('older and shorter forms of a term are read', () => {
  for (const [name, value] of [
    ['minor version 0: 1.5', { float: 1.5 }],
    ['minor version 0: -2.0', { float: -2 }],
    ['minor version 0: 1.0e300', { float: 1e300 }],
    ['minor version 2: atom', { atom: 'atom' }],
    ['minor version 2: list_to_atom([233])', { atom: 'é' }],
  ] as const) {
    test(name, () => {
      expect(decoded(goldenBytes(name), 'v1')).toEqual(record('Service', { data: value }))
    })
  }

  // OTP no longer writes SMALL_ATOM_EXT and ATOM_UTF8_EXT for short names
  for (const [name, atom] of [
    ['SMALL_ATOM_EXT', [115, 1, 0x61]],
    ['ATOM_UTF8_EXT', [118, 0, 1, 0x61]],
    ['SMALL_ATOM_UTF8_EXT', [119, 1, 0x61]],
    ['ATOM_EXT', [100, 0, 1, 0x61]],
  ] as const) {
    test(name, () => {
      const head = goldenBytes('0').slice(0, 15)
      expect(decoded(new Uint8Array([...head, ...atom, 106, 106, 106, 106]), 'v1')).toEqual(record('Service', { data: { atom: 'a' } }))
    })
  }

  test('LARGE_TUPLE_EXT may hold a record', () => {
    const bytes = goldenBytes('{vnode_max,4}')
    expect(decoded(new Uint8Array([131, 105, 0, 0, 0, 2, ...bytes.slice(3)]), 'v1')).toEqual({ tag: 'vnode_max', node: 4 })
  })
})

describe('terms that no field may hold are refused', () => {
  for (const name of [
    '1 bsl 4096',
    '<<1:3>>',
    '#{}',
    '#{a => 1}',
    'self()',
    'make_ref()',
    'fun erlang:self/0',
    'fun(X) -> X end',
    'compressed',
  ])
    test(name, () => {
      expect(decode(goldenBytes(name), 'v1')).toMatchObject({ kind: 'refusal', code: 'invalid_data' })
    })
})
