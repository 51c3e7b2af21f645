import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { recordTable, type RecordTag } from '../../protocol/records.js'
import type { Layout, Shape } from '../../protocol/shape.js'

interface Published {
  readonly fields: readonly { readonly name: string; readonly type: string; readonly default: unknown }[]
}

const published = JSON.parse(readFileSync('docs/protocol/records.json', 'utf8')) as {
  readonly dialects: Readonly<Record<'v1' | 'v11', Readonly<Record<string, Published>>>>
  readonly comparison: { readonly arityTells: Readonly<Record<string, { readonly v1: number; readonly v11: number }>> }
}

/** Where the table takes more than records.json lists, and why. */
const wider: Readonly<Record<string, string>> = {
  // a roster may be named by integer id, decimal binary or phone_id in every roster_id/id field (rpc.md 1.2)
  'v1 Roster.id': '[]|binary|integer',
  'v1 Search.id': '[]|binary|integer',
  'v11 Search.id': 'binary|integer',
  'v1 Star.roster_id': '[]|binary|integer',
  'v11 Star.roster_id': '[]|binary|integer',
  'v1 Tag.roster_id': '[]|binary|integer',
  'v11 Tag.roster_id': '[]|binary|integer',
  'v1 History.roster_id': '[]|binary|integer',
  'v11 History.roster_id': 'binary|integer',
  // requests that v11 has no atoms of its own for (rpc.md 6; docs/decisions/0111-profiles.md)
  'v11 Profile.status': "[]|'init'|'create'|'get'|'patch'|'update'|'delete'|'remove'|'set'|'link'|'email'|'aws'|'migrate'|'phone'",
  // accepted from v11 too (rpc.md 9; note on Room)
  'v11 Friend.status': "'ban'|'unban'|'request'|'confirm'|'update'|'ignore'|'revoke'|'mute'|'unmute'",
  'v11 Room.status':
    "[]|'create'|'leave'|'add'|'remove'|'removed'|'join'|'joined'|'info'|'patch'|'get'|'delete'|'last_msg'|'mute'|'unmute'|'ban'|'unban'",
  // "element of Roster.favorite" (note on ExtendedStar)
  'v11 Roster.favorite': 'list(Star|ExtendedStar)',
  // echoes the request (note on errors)
  'v11 errors.data': '[]|term|Link|Room|Member|Message|History|Search|mqi',
}

/** A type as plain data, so that the text of records.json and a shape of ours can be compared. */
interface Plain {
  nil: boolean
  binary: boolean
  integer: boolean
  integers: number[]
  float: boolean
  atom: boolean
  atoms: string[]
  term: boolean
  list: Plain | null
  tuples: Plain[][]
  records: string[]
}

const blank = (): Plain => ({
  nil: false,
  binary: false,
  integer: false,
  integers: [],
  float: false,
  atom: false,
  atoms: [],
  term: false,
  list: null,
  tuples: [],
  records: [],
})

/** What one alternative makes superfluous is left out: a term is anything, a list may be empty. */
function tidy(plain: Plain): Plain {
  if (plain.term) return { ...blank(), term: true, records: plain.records.sort() }
  return {
    ...plain,
    nil: plain.nil || plain.list !== null,
    atoms: plain.atom ? [] : plain.atoms.sort(),
    integers: plain.integers.sort(),
    records: plain.records.sort(),
  }
}

function split(type: string, at: string): string[] {
  const parts = ['']
  let depth = 0
  for (const character of type) {
    if ('({'.includes(character)) depth++
    if (')}'.includes(character)) depth--
    if (character === at && depth === 0) parts.push('')
    else parts.push(`${parts.pop() ?? ''}${character}`)
  }
  return parts
}

function parse(type: string): Plain {
  const plain = blank()
  for (const part of split(type, '|')) {
    if (part === '[]') plain.nil = true
    else if (part === 'binary') plain.binary = true
    else if (part === 'integer') plain.integer = true
    else if (part === 'float') plain.float = true
    else if (part === 'atom') plain.atom = true
    else if (part === 'term') plain.term = true
    else if (part.startsWith("'")) plain.atoms.push(part.slice(1, -1))
    else if (/^\d+$/.test(part)) plain.integers.push(Number(part))
    else if (part.startsWith('list(')) plain.list = parse(part.slice(5, -1))
    else if (part.startsWith('{')) plain.tuples.push(split(part.slice(1, -1), ',').map(parse))
    else plain.records.push(part)
  }
  return tidy(plain)
}

function plainOf(shape: Shape): Plain {
  return tidy({
    nil: shape.nil,
    binary: shape.text || shape.bytes,
    integer: shape.int && shape.ints === null,
    integers: [...(shape.ints ?? [])],
    float: shape.real,
    atom: shape.anyAtom || shape.symbol,
    atoms: [...(shape.atoms?.wire ?? [])],
    term: shape.term,
    list: shape.list === null ? null : plainOf(shape.list),
    tuples: shape.tuples.map((items) => items.map(plainOf)),
    records: shape.records.filter((name) => name !== 'group'),
  })
}

function defaultOf(shape: Shape): unknown {
  const value = shape.fallback
  if (value === null) return []
  if (value instanceof Uint8Array) return ''
  return typeof value === 'string' && !shape.text && !shape.bytes ? { atom: value } : value
}

for (const dialect of ['v1', 'v11'] as const) {
  describe(`${dialect} is as records.json has it`, () => {
    test('the same records', () => {
      const ours = Object.entries(recordTable).filter(([, entry]) => entry[dialect] !== null)
      // group is read as muc
      const theirs = Object.keys(published.dialects[dialect]).filter((name) => name !== 'group')
      expect(ours.map(([name]) => name).sort()).toEqual(theirs.sort())
    })

    for (const [name, { fields }] of Object.entries(published.dialects[dialect])) {
      test(name, () => {
        const layout: Layout = recordTable[(name === 'group' ? 'muc' : name) as RecordTag][dialect] ?? []
        expect(layout.map(([field]) => field)).toEqual(fields.map((field) => field.name))
        for (const [index, field] of fields.entries()) {
          const shape = layout[index]?.[1] as Shape
          const where = `${dialect} ${name}.${field.name}`
          expect({ where, ...plainOf(shape) }).toEqual({ where, ...parse(wider[where] ?? field.type) })
          expect({ where, default: defaultOf(shape) }).toEqual({ where, default: field.default })
        }
      })
    }
  })
}

test('where the arity tells the dialect, it is the published one', () => {
  for (const [name, arity] of Object.entries(published.comparison.arityTells)) {
    const entry = recordTable[name as RecordTag]
    const arityOf = (layout: Layout | null): number => (layout?.length ?? 0) + 1
    expect({ name, v1: arityOf(entry.v1), v11: arityOf(entry.v11) }).toEqual({ name, ...arity })
  }
})
