/** The index by which people are found: how texts are folded, and that it finds what a look at everybody would find. rpc.md 12. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { record, type RecordOf } from '../../protocol/index.js'
import { contacts, type RosterDocument } from '../../rpc/documents/index.js'
import { foldText } from '../../rpc/people-index/fold.js'
import { newIndexer } from '../../rpc/people-index/indexer.js'
import { putRoster } from '../../rpc/people-index/put-roster.js'
import type { Caller } from '../../rpc/request.js'
import { type PhoneId, rosterIdOf } from '../../topics/index.js'
import { rosterOf } from '../acl/cast.js'
import { type AccountWorld, ann, openAccountWorld, start } from './account-world.js'
import { aContact } from './chat-world.js'

let world: AccountWorld
let caller: Caller
let asker: PhoneId

beforeAll(async () => {
  world = await openAccountWorld()
  caller = await world.login(await world.register('reg_I1', ann))
  asker = await world.rosterOf(ann)
})
afterAll(() => world.close())

describe('folded alike:', () => {
  for (const [one, other] of [
    ['Anna', 'aNNA'],
    ['ЮЛІЯ', 'юлія'],
    ['Straße', 'STRASSE'],
    ['GROẞ', 'gross'],
    ['ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύς'],
    ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['İSTANBUL', 'istanbul'],
    ['Yıldız', 'YILDIZ'],
    ['José', 'JOSE\u0301'],
    ['ﬁona', 'Fiona'],
    ['ＡＮＮ', 'ann'],
    ['An\u00adna', 'anna'],
    ['Jose\u034f\u0301', 'José'],
    ['\u200eAnna\u200f', 'anna'],
    ['  Anna \t\u00a0Maria ', 'anna maria'],
    ['\ud800Anna', 'anna'],
  ] as const)
    test(`${JSON.stringify(one)} and ${JSON.stringify(other)}`, () => {
      expect(foldText(one)).toBe(foldText(other))
    })
})

test('accents count', () => {
  expect(foldText('José')).not.toBe(foldText('Jose'))
})

test('every character and what its case is mapped to are folded alike', () => {
  const isMapped = /\p{Changes_When_Casemapped}/u
  const unlike: string[] = []
  for (let point = 0; point <= 0x10_ffff; point++) {
    const character = String.fromCodePoint(point)
    if (!isMapped.test(character)) continue
    const folded = foldText(`x${character}x`)
    for (const mapped of [character.toUpperCase(), character.toLowerCase()]) if (foldText(`x${mapped}x`) !== folded) unlike.push(character)
  }
  expect(unlike).toEqual([])
})

test('a folded text folds to itself, is well-formed and holds no control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const folded = foldText(text)
      expect(foldText(folded)).toBe(folded)
      expect(folded).not.toMatch(/[\p{Cc}\p{Cs}]/u)
    }),
    { numRuns: 200 },
  )
})

/** Letters, and what each of them is to a search. */
const alphabet = {
  a: 'a',
  n: 'n',
  N: 'n',
  Ｎ: 'n',
  s: 's',
  ß: 'ss',
  ẞ: 'ss',
  é: 'é',
  'E\u0301': 'é',
  ﬁ: 'fi',
  Σ: 'σ',
  ς: 'σ',
  Ю: 'ю',
  '😀': '😀',
  '\ue000': '\ue000',
  '/': '/',
  '-': '-',
  ' ': ' ',
  '\u00a0': ' ',
  '\u00ad': '',
} as const
type Letter = keyof typeof alphabet

const lettersArb = (min: number, max: number): fc.Arbitrary<readonly Letter[]> =>
  fc.array(fc.constantFrom(...(Object.keys(alphabet) as Letter[])), { minLength: min, maxLength: max })

/** The text a search sees, told letter by letter. */
function seen(letters: readonly Letter[]): string {
  return letters
    .map((letter) => alphabet[letter])
    .join('')
    .replace(/ +/g, ' ')
    .trim()
}

interface Person {
  readonly names: readonly Letter[]
  readonly surnames: readonly Letter[]
  readonly bansAsker: boolean
}

const personArb: fc.Arbitrary<Person> = fc.record({ names: lettersArb(2, 12), surnames: lettersArb(0, 6), bansAsker: fc.boolean() })
const changeArb = fc.record({ who: fc.nat(119), person: fc.option(personArb, { freq: 5 }) })

const people = Array.from({ length: 120 }, (_, i) => rosterOf(`38068000${String(i).padStart(4, '0')}_${String(i + 1000)}`))
const known = new Map<PhoneId, { readonly person: Person; readonly roster: RosterDocument }>()

/** Changes people one after the other, in one commit. */
async function change(changes: readonly (readonly [PhoneId, Person | null])[]): Promise<void> {
  const puts = changes.flatMap(([phoneId, person]) => {
    const before = known.get(phoneId)?.roster
    if (person === null) {
      known.delete(phoneId)
      return before === undefined ? [] : putRoster(before, undefined, phoneId)
    }
    const roster = rosterWith(phoneId, { names: person.names.join(''), surnames: person.surnames.join('') || null })
    known.set(phoneId, { person, roster })
    const contact = aContact({ state: 'none', isBanned: person.bansAsker })
    return [...putRoster(before, roster, phoneId), contacts.put(contact, asker, phoneId)]
  })
  await world.put(...puts)
}

function rosterWith(phoneId: PhoneId, fields: Partial<RosterDocument>): RosterDocument {
  const none = { names: null, surnames: null, email: null, nick: null, avatar: null }
  return { id: rosterIdOf(phoneId), ...none, created: start, update: start, ...fields }
}

async function find(value: string | readonly string[], field = 'names'): Promise<readonly (string | null)[] | undefined> {
  const asked = record('Search', { id: asker, ref: 'r', field, type: 'like', value: [value].flat(), status: 'contact' })
  const { answers, error } = await world.ask(caller, asked)
  if (error !== undefined) return undefined
  const { data } = answers[0] as RecordOf<'io'>
  return (data as RecordOf<'Roster'>).userlist.map((contact) => (typeof contact === 'object' ? contact.phone_id : null))
}

/** Runs the indexer over so many pages of so many rosters, in its own order. */
async function index(pages: number, pageRows = 3): Promise<void> {
  let left = pages
  if (left === 0) return
  const indexer = newIndexer({
    store: world.store,
    now: () => start,
    pageRows,
    pause() {
      if (--left <= 0) void indexer.stop()
      return Promise.resolve()
    },
  })
  await indexer.pass()
}

const queryArb = fc.oneof(
  fc.record({ kind: fc.constant('letters' as const), letters: lettersArb(1, 6) }),
  fc.record({ kind: fc.constant('part' as const), of: fc.nat(119), from: fc.nat(15), length: fc.integer({ min: 3, max: 10 }) }),
)
/** Pages indexed before the search, and whether indexing goes on during it. */
const indexingArb = fc.record({ pages: fc.oneof(fc.constant(0), fc.nat(6), fc.constant(Infinity)), goesOn: fc.boolean() })

test('like finds those whom a look at every roster finds, at most fifty, whatever has changed before and whoever is indexed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(changeArb, { minLength: 1, maxLength: 40 }),
      fc.array(queryArb, { minLength: 1, maxLength: 10 }),
      indexingArb,
      async (changes, queries, { pages, goesOn }) => {
        await change(changes.map(({ who, person }) => [people[who]!, person]))
        await index(pages)
        const going = goesOn ? index(Infinity, 1) : undefined
        for (const query of queries) {
          const letters = query.kind === 'letters' ? query.letters : partOf(query.of, query.from, query.length)
          const value = seen(letters)
          const found = await find(letters.join(''))
          if (Array.from(value).length < 3) expect(found).toBeUndefined()
          else expectFound(found, value)
        }
        await going
      },
    ),
    { numRuns: 80 },
  )
})

test('those who are not indexed are found in the same order as those who are', async () => {
  const parts = fc.array(fc.record({ of: fc.nat(119), from: fc.nat(15), length: fc.integer({ min: 3, max: 5 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(changeArb, { minLength: 20, maxLength: 80 }), parts, fc.nat(8), async (changes, asked, pages) => {
      await change(changes.map(({ who, person }) => [people[who]!, person]))
      await index(pages, 8)
      const values = asked
        .map(({ of, from, length }) => partOf(of, from, length))
        .filter((letters) => Array.from(seen(letters)).length >= 3)
        .map((letters) => letters.join(''))
      const found = await find(values)
      await index(Infinity, 100)
      expect(found).toEqual(await find(values))
    }),
    { numRuns: 40 },
  )
})

function partOf(who: number, from: number, length: number): readonly Letter[] {
  const { names, surnames } = known.get(people[who]!)?.person ?? { names: [], surnames: [] }
  return [...names, ' ' as const, ...surnames].slice(from, from + length)
}

function expectFound(found: Awaited<ReturnType<typeof find>>, value: string): void {
  const meant = [...known].filter(([, { person }]) => !person.bansAsker && fullName(person).includes(value)).map(([phoneId]) => phoneId)
  if (meant.length <= 50) expect([...found!].sort()).toEqual(meant.sort())
  else {
    expect(new Set(found).size).toBe(50)
    expect(meant).toEqual(expect.arrayContaining([...found!]))
  }
}

const fullName = ({ names, surnames }: Person): string => seen([...names, ' ', ...surnames])

test('those of whom a word begins with the text come first, and everybody once', async () => {
  const [p1, p2, p3] = [rosterOf('380690000001_1'), rosterOf('380690000002_2'), rosterOf('380690000003_3')]
  await world.put(
    ...putRoster(undefined, rosterWith(p1, { names: 'Xoquxoqux', nick: 'xoquxoqu' }), p1),
    ...putRoster(undefined, rosterWith(p2, { names: 'Baxoqux', nick: 'xoq_xoqu' }), p2),
    ...putRoster(undefined, rosterWith(p3, { names: 'Ba', surnames: 'Xoqux', nick: 'the_xoqux' }), p3),
  )
  for (const pages of [0, 1, 2, Infinity]) {
    await index(pages, 1)
    expect(await find('XOQ')).toEqual([p3, p1, p2])
    expect(await find(['zzz', 'quxo'])).toEqual([p1])
    expect(await find('xoqu', 'nick')).toEqual([p2, p3, p1])
    expect(await find('Ba Xo')).toEqual([p3])
    expect(await find('oquxoqux'.repeat(20))).toEqual([])
  }
})

test('whoever is called otherwise is found at the place of the new name, not of the old one', async () => {
  const [p1, p2] = [rosterOf('380690000011_11'), rosterOf('380690000012_12')]
  const before = rosterWith(p1, { names: 'Wazzu' })
  await world.put(...putRoster(undefined, before, p1), ...putRoster(undefined, rosterWith(p2, { names: 'Wazzur' }), p2))
  await index(Infinity)
  expect(await find('waz')).toEqual([p1, p2])
  await world.put(...putRoster(before, rosterWith(p1, { names: 'Owazzu' }), p1))
  expect(await find('waz')).toEqual([p2, p1])
  expect(await find('owa')).toEqual([p1])
})

test('those who may not be found do not hide one who may', async () => {
  const banning = Array.from({ length: 150 }, (_, i) => rosterOf(`38069100${String(i).padStart(4, '0')}_${String(5_000 + i)}`))
  const last = rosterOf('380699999999_9999')
  await world.put(
    ...[...banning, last].flatMap((one) => putRoster(undefined, rosterWith(one, { names: 'Zyzzy' }), one)),
    ...banning.map((one) => contacts.put(aContact({ state: 'friend', isBanned: true }), asker, one)),
  )
  expect(await find('zyz')).toEqual([last])
  await index(Infinity, 100)
  const later = rosterOf('380699999998_9998')
  await world.put(...putRoster(undefined, rosterWith(later, { names: 'Zyzzyva' }), later))
  expect(await find('zyz')).toEqual([last, later])
})
