/** What accounts are called, against what they are filed under: one to one whatever moves, and translated wherever a record names somebody. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, record } from '../../protocol/index.js'
import { recordTable } from '../../protocol/records.js'
import type { Layout, Shape } from '../../protocol/shape.js'
import type { MoveDocument } from '../../rpc/documents/index.js'
import { asShown, newNames } from '../../rpc/names/names.js'
import { filedRecord, namePlaces, shownRecord } from '../../rpc/names/rename-record.js'
import { filedTopic, shownTopic } from '../../rpc/names/rename-topic.js'
import { parsePhoneId, type Phone, phoneIdOf } from '../../topics/index.js'
import { phoneOf } from './account-world.js'

const [old, fresh, third, other] = ['380670000001', '380990000002', '380670000003', '380670000009'].map(phoneOf) as [
  Phone,
  Phone,
  Phone,
  Phone,
]

/** The account filed under `old`, with roster 7, is reached by `fresh`. */
const moved: MoveDocument = {
  namings: [
    { filed: old, number: fresh, rosters: [7] },
    { filed: fresh, number: old, rosters: [] },
  ],
}
const names = newNames()
names.add(1, moved)

const filed7 = `${old}_7`
const shown7 = `${fresh}_7`
const boris = `${other}_5`

describe('names', () => {
  test('of the number that was given up, nobody is called', () => {
    expect([names.numberOf(old), names.filedUnder(fresh)]).toEqual([fresh, old])
    expect([names.numberOf(fresh), names.filedUnder(old)]).toEqual([old, fresh])
    expect(names.otherName(phoneIdOf(old, 7)!)).toBe(shown7)
    expect(names.otherName(phoneIdOf(fresh, 7)!)).toBe(filed7)
    // Somebody who had the new number long ago is still called by it.
    expect(names.otherName(phoneIdOf(fresh, 3)!)).toBe(`${fresh}_3`)
  })

  test('stay one to one whoever moves where, and back', () => {
    const phones = [old, fresh, third, other]
    const accounts = [old, fresh]
    const step = fc.record({ who: fc.nat({ max: 1 }), to: fc.nat({ max: 3 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const model = newNames()
        steps.forEach(({ who, to }, i) => {
          const filed = accounts[who]!
          const wanted = phones[to]!
          const gone = model.filedUnder(wanted)
          if (accounts.includes(gone)) return
          const was = model.numberOf(filed)
          model.add(i + 1, {
            namings: [
              { filed, number: wanted, rosters: [who + 1] },
              { filed: gone, number: was, rosters: [] },
            ],
          })
          expect(model.numberOf(filed)).toBe(wanted)
        })
        expect(new Set(phones.map(model.numberOf)).size).toBe(phones.length)
        for (const phone of phones) expect(model.filedUnder(model.numberOf(phone))).toBe(phone)
        for (const [i, account] of accounts.entries()) {
          const [name, shown] = [phoneIdOf(account, i + 1)!, phoneIdOf(model.numberOf(account), i + 1)!]
          expect([model.otherName(name), model.otherName(shown)]).toEqual([shown, name])
        }
      }),
    )
  })

  test('a name that was given up can be said', () => {
    expect(shownRecord(record('Contact', { phone_id: asShown(parsePhoneId(filed7)!) }), names).phone_id).toBe(filed7)
  })
})

const chat = (a: string, b: string) => record('p2p', { from: a, to: b })
const room = record('muc', { name: filed7 })
const message = (id: string, feed: ReturnType<typeof chat>) => record('Message', { feed_id: feed, from: id, to: boris, seenby: [id, 3] })

/** Each as handlers have it, and as peers do. */
const pairs: readonly (readonly [AnyRecord, AnyRecord])[] = [
  ...(['phone_id'] as const).map((field) => [record('Contact', { [field]: filed7 }), record('Contact', { [field]: shown7 })] as const),
  [record('Auth', { type: 'list', phone: old, user_id: filed7 }), record('Auth', { type: 'list', phone: fresh, user_id: shown7 })],
  [record('Person', { id: old, phonelist: [old] }), record('Person', { id: fresh, phonelist: [old] })],
  [record('Presence', { uid: filed7 }), record('Presence', { uid: shown7 })],
  [record('Friend', { phone_id: filed7, friend_id: boris }), record('Friend', { phone_id: shown7, friend_id: boris })],
  [
    record('Profile', { phone: old, rosters: [record('Roster', { id: 7, phone: old })] }),
    record('Profile', { phone: fresh, rosters: [record('Roster', { id: 7, phone: fresh })] }),
  ],
  [record('Roster', { id: filed7 }), record('Roster', { id: shown7 })],
  // The sides of a chat stand in the order of their names: 38067…1_7 before 38067…9_5, 38099… behind it.
  [message(filed7, chat(filed7, boris)), message(shown7, chat(boris, shown7))],
  [record('Typing', { from: filed7, to: boris }), record('Typing', { from: shown7, to: boris })],
  [
    record('History', { roster_id: filed7, feed: chat(filed7, boris), data: [message(filed7, chat(filed7, boris))] }),
    record('History', { roster_id: shown7, feed: chat(boris, shown7), data: [message(shown7, chat(boris, shown7))] }),
  ],
  [record('Cursor', { feed: chat(filed7, boris) }), record('Cursor', { feed: chat(boris, shown7) })],
  [
    record('Room', {
      id: filed7,
      members: [record('Member', { phone_id: filed7 })],
      last_msg: record('Message', { feed_id: room, from: filed7, to: filed7 }),
    }),
    record('Room', {
      id: filed7,
      members: [record('Member', { phone_id: shown7 })],
      last_msg: record('Message', { feed_id: room, from: shown7, to: filed7 }),
    }),
  ],
  [
    record('Star', { roster_id: filed7, message: message(filed7, chat(filed7, boris)) }),
    record('Star', { roster_id: shown7, message: message(shown7, chat(boris, shown7)) }),
  ],
  [record('Tag', { roster_id: filed7, name: filed7 }), record('Tag', { roster_id: shown7, name: filed7 })],
  [record('CDR', { from: boris, to: filed7 }), record('CDR', { from: boris, to: shown7 })],
  [record('Job', { feed_id: record('act', { data: filed7 }) }), record('Job', { feed_id: record('act', { data: shown7 }) })],
  [record('ok2', { code: 'removed', src: [filed7] }), record('ok2', { code: 'removed', src: [shown7] })],
]

describe('records', () => {
  for (const [filed, shown] of pairs)
    test(`${filed.tag} ${JSON.stringify(shown).slice(0, 60)}`, () => {
      expect(shownRecord(filed, names)).toEqual(shown)
      expect(filedRecord(shown, names)).toEqual(filed)
      // Where nobody is called otherwise, nothing is copied.
      expect(shownRecord(filed, newNames())).toBe(filed)
    })

  test('a search by phone asks for the account of the number, with or without +', () => {
    const search = (value: string[]) => record('Search', { id: 7, field: 'phone', value })
    expect(filedRecord(search([`+${fresh}`, fresh, other]), names).value).toEqual([old, old, other])
    expect(filedRecord(record('Search', { id: 7, field: 'names', value: [fresh] }), names).value).toEqual([fresh])
  })

  test('who registers or moves speaks of numbers', () => {
    const asked = [
      ...(['reg', 'verify', 'resend', 'voice'] as const).map((type) => record('Auth', { type, phone: fresh })),
      ...(['migrate', 'phone'] as const).map((status) => record('Profile', { status, phone: fresh })),
    ]
    for (const one of asked) expect(filedRecord(one, names)).toBe(one)
  })

  test('texts of the system name people, those of people say what they say', () => {
    const said = (status: 'muc' | 'sent') =>
      record('Message', { feed_id: room, status, files: [record('Desc', { payload: `${filed7} added ${boris}` })] })
    expect(shownRecord(said('muc'), names).files[0]?.payload).toBe(`${shown7} added ${boris}`)
    expect(shownRecord(said('sent'), names).files[0]?.payload).toBe(`${filed7} added ${boris}`)
  })

  test('what names nobody who moved is the same record', () => {
    const sent = message(boris, chat(boris, boris))
    expect(shownRecord(sent, names)).toBe(sent)
    expect(filedRecord(sent, names)).toBe(sent)
  })
})

for (const [filed, shown] of [
  [`ses/${old}`, `ses/${fresh}`],
  [`ac/${filed7}`, `ac/${shown7}`],
  [`muc/${filed7}`, `muc/${shown7}`],
  [`p2p/${filed7}/${boris}`, `p2p/${boris}/${shown7}`],
  [`room/${filed7}`, `room/${filed7}`],
  ['actions/1/api/emqttd_A1', 'actions/1/api/emqttd_A1'],
  ['telemetry/1', 'telemetry/1'],
] as const)
  test(`what is sent on ${filed} comes on ${shown}`, () => {
    expect(shownTopic(filed, names)).toBe(shown)
    expect(filedTopic(shown, names)).toBe(filed)
  })

describe('the table of places', () => {
  /** Fields that hold people by their own naming, or numbers as texts of their owner. */
  const unnamed = ['Person.phonelist', 'Person.BlockUsers']
  const naming = /^(phone|phone_id|friend_id|user_id|roster_id|uid|from|to)$/

  const recordsIn = (shape: Shape): readonly string[] => [
    ...shape.records,
    ...(shape.list === null ? [] : recordsIn(shape.list)),
    ...shape.tuples.flat().flatMap(recordsIn),
  ]

  /** Records that name somebody, themselves or by a record in them. */
  function namers(): ReadonlySet<string> {
    const found = new Set(Object.keys(namePlaces))
    for (let before = -1; before !== found.size;) {
      before = found.size
      for (const [tag, { canonical }] of Object.entries(recordTable))
        if ((canonical as Layout).some(([, shape]) => recordsIn(shape).some((one) => found.has(one)))) found.add(tag)
    }
    return found
  }

  test('knows every field that names somebody, and every record within a record that does', () => {
    const wanted = Object.entries(recordTable).flatMap(([tag, { canonical }]) =>
      (canonical as Layout)
        .filter(([name, shape]) => naming.test(name) || recordsIn(shape).some((one) => namers().has(one)))
        .map(([name]) => `${tag}.${name}`),
    )
    const known = Object.entries(namePlaces).flatMap(([tag, fields]) => Object.keys(fields).map((name) => `${tag}.${name}`))
    // The key of a room names no person.
    const rooms = ['Member.feed_id', 'mqi.feed_id']
    expect(wanted.filter((name) => !known.includes(name) && !unnamed.includes(name) && !rooms.includes(name))).toEqual([])
  })
})
