import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Desc, type Feature, record } from '../../protocol/index.js'
import { type MessageDocument, messages, type RosterDocument, rosters } from '../../rpc/documents/index.js'
import { packr } from '../../rpc/documents/packr.js'
import type { PhoneId } from '../../topics/index.js'

const text = fc.string({ unit: 'binary', maxLength: 80 })
const maybe = fc.option(text)
const id = fc.maxSafeNat()

const feature: fc.Arbitrary<Feature> = fc
  .record({ id: maybe, key: maybe, value: maybe, group: maybe })
  .map((fields) => record('Feature', fields as Partial<Feature>))

const desc: fc.Arbitrary<Desc> = fc
  .record({
    ...{ id: maybe, mime: maybe, payload: maybe, parentid: maybe, size: id, filename: maybe, info: maybe },
    data: fc.array(feature, { maxLength: 3 }),
  })
  .map((fields) => record('Desc', fields as Partial<Desc>))

const plainDocument: fc.Arbitrary<MessageDocument> = fc.record({
  ...{ feed: text, msgId: maybe, from: text.map((some) => some as PhoneId), to: text, created: id },
  ...{ files: fc.array(desc, { maxLength: 3 }), type: fc.array(text, { maxLength: 2 }), link: fc.option(id) },
  seenby: fc.array(fc.oneof(text, id), { maxLength: 3 }),
  ...{ repliedby: fc.array(id, { maxLength: 3 }), mentioned: fc.array(id, { maxLength: 3 }) },
  status: fc.constantFrom('sent' as const, 'muc' as const, 'internal' as const, 'deleted' as const, 'link' as const),
  isEdited: fc.boolean(),
  hiddenFrom: fc.array(
    text.map((some) => some as PhoneId),
    { maxLength: 2 },
  ),
})

const document = fc.oneof(
  plainDocument,
  plainDocument.map((message): MessageDocument => ({ ...message, wasAnnounced: true })),
)

test('a message is read as it was stored, one from before as well', () => {
  fc.assert(
    fc.property(document, (message) => {
      expect(messages.decode(messages.encode(message))).toEqual(message)
      expect(messages.decode(packr.pack(message))).toEqual(message)
    }),
    { numRuns: 500 },
  )
})

const rosterDocument: fc.Arbitrary<RosterDocument> = fc.record({
  ...{ id, names: maybe, surnames: maybe, email: maybe, nick: maybe, avatar: maybe, created: id, update: id },
})

test('so is a roster', () => {
  fc.assert(
    fc.property(rosterDocument, (roster) => {
      expect(rosters.decode(rosters.encode(roster))).toEqual(roster)
      expect(rosters.decode(packr.pack(roster))).toEqual(roster)
    }),
  )
})
