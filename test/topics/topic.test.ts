import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isEventsTopic, parseTopic, type Topic, topicNameOf } from '../../topics/index.js'
import { level, phone, phoneId, roomId, clientId, userName } from './arbitrary.js'

const A = '380670001234_12525'
const B = '380670002234_12334'

// topics.md 1, 2 and 6. What stands in the first column parses to what stands in the second.
const events = { kind: 'events', vsn: 1, node: undefined, module: '', user: '', client: '', token: '' }
const known: readonly (readonly [string, object])[] = [
  ['events/1//api/anon//', { ...events, module: 'api', user: 'anon' }],
  ['events/1//api//', { ...events, module: 'api' }],
  ['events/1//api', { ...events, module: 'api' }],
  ['events/1//', events],
  ['events/1', events],
  ['events/1/4/api/anon/reg_A1/token', { kind: 'events', vsn: 1, node: 4, module: 'api', user: 'anon', client: 'reg_A1', token: 'token' }],
  [
    'events/1/4/api/anon/reg_A1/token/more/levels',
    { kind: 'events', vsn: 1, node: 4, module: 'api', user: 'anon', client: 'reg_A1', token: 'token' },
  ],
  ['events/1/x/api/anon//', { ...events, module: 'api', user: 'anon' }],
  ['events/1/-1/api/anon//', { ...events, module: 'api', user: 'anon' }],
  ['events/1/9999999999/api/anon//', { ...events, module: 'api', user: 'anon' }],
  ['events/1/0/api/anon//', { ...events, node: 0, module: 'api', user: 'anon' }],
  ['actions/1/api/emqttd_A1', { kind: 'actions', user: 'api', clientId: 'emqttd_A1' }],
  ['actions/1/api/reg_A1', { kind: 'actions', user: 'api', clientId: 'reg_A1' }],
  ['actions/1/web_2/sys_news', { kind: 'actions', user: 'web_2', clientId: 'sys_news' }],
  ['ses/380670001234', { kind: 'ses', phone: '380670001234' }],
  ['ses/12345', { kind: 'ses', phone: '12345' }],
  ['ses/123456789012345', { kind: 'ses', phone: '123456789012345' }],
  [`ac/${A}`, { kind: 'ac', phoneId: A }],
  [`muc/${A}`, { kind: 'muc', phoneId: A }],
  [`p2p/${A}/${B}`, { kind: 'p2p', left: A, right: B, wasSorted: true }],
  [`p2p/${B}/${A}`, { kind: 'p2p', left: A, right: B, wasSorted: false }],
  [`p2p/${A}/${A}`, { kind: 'p2p', left: A, right: A, wasSorted: true }],
  ['p2p/79333333333_1/380670001234_1', { kind: 'p2p', left: '380670001234_1', right: '79333333333_1', wasSorted: false }],
  ['p2p/380670001234_9/380670001234_10', { kind: 'p2p', left: '380670001234_10', right: '380670001234_9', wasSorted: false }],
  ['room/lobby', { kind: 'room', room: 'lobby' }],
  ['room/DEV-1_380670001234_12525_1530_uuid', { kind: 'room', room: 'DEV-1_380670001234_12525_1530_uuid' }],
  [`room/${'r'.repeat(255)}`, { kind: 'room', room: 'r'.repeat(255) }],
  [`room/${'😀'.repeat(255)}`, { kind: 'room', room: '😀'.repeat(255) }],
  ['version/1', { kind: 'version', number: 1 }],
  ['version/99', { kind: 'version', number: 99 }],
]

const unknown = [
  '', '/', 'events', 'events/', 'events/2//api/anon//', 'events//1/api/anon//', 'events/11//api/anon//', 'Events/1//api/anon//', 'events/1//api/+//',
  'actions', 'actions/1/api', 'actions/1/api/', 'actions/2/api/emqttd_A1', 'actions/1/api/phone/380670001234', 'actions/1/api/other_A1',
  'actions/1//emqttd_A1', 'actions/1/api/emqttd_A1/token', 'actions/1/1/api/emqttd_A1', 'actions/1/a-b/emqttd_A1', `actions/1/${'a'.repeat(33)}/emqttd_A1`,
  'ses', 'ses/', 'ses/+380670001234', 'ses/1234', 'ses/1234567890123456', 'ses/380670001234/', 'ses/38067000123x', 'ses/٣٨٠٦٧٠٠٠١٢٣٤',
  'ac/380670001234', 'ac/380670001234_', 'ac/380670001234_0', 'ac/380670001234_012', 'ac/380670001234_1/x', 'ac/380670001234_1_2', 'ac/_1',
  'ac/380670001234_1234567890123456', 'muc/lobby', `p2p/${A}`, `p2p/${A}/`, `p2p/${A}/${B}/x`, `p2p//${A}`,
  'room', 'room/', 'room/a/b', 'room/#', 'room/a+', 'room/\0', 'room/\ud800', `room/${'r'.repeat(256)}`, `room/${'😀'.repeat(256)}`,
  'version', 'version/', 'version/x', 'version/1/2', 'version/-1', 'Member/380670001234_1', '$SYS/uptime', 'ses\u0000/380670001234',
] // prettier-ignore

describe('parseTopic', () => {
  test.each(known)('reads %s', (name, topic) => {
    expect(parseTopic(name)).toEqual(topic)
  })

  test.each(unknown)('calls %j other, and says why', (name) => {
    expect(parseTopic(name)).toEqual({ kind: 'other', name, because: expect.stringMatching(/./) })
  })

  test('is total, and any name it knows has a canonical name that it reads alike', () => {
    const prefixed = fc.tuple(
      fc.constantFrom('events/1/', 'actions/1/', 'ses/', 'ac/', 'muc/', 'p2p/', 'room/', 'version/', ''),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          prefixed.map((parts) => parts.join('')),
          fc.string({ unit: fc.constantFrom('/', '+', '1', '_', 'a') }),
        ),
        (name) => {
          const topic = parseTopic(name)
          expect(isEventsTopic(name) || topic.kind !== 'events').toBe(true)
          expect(withoutOrder(parseTopic(topicNameOf(topic)))).toEqual(withoutOrder(topic))
        },
      ),
    )
  })

  test('reads what topicNameOf writes', () => {
    const topic = fc.oneof(
      fc.record({
        kind: fc.constant('events'),
        vsn: fc.constant(1),
        node: fc.option(fc.nat(999), { nil: undefined }),
        module: level,
        user: level,
        client: level,
        token: level,
      }),
      fc.record({ kind: fc.constant('actions'), user: userName, clientId }),
      fc.record({ kind: fc.constant('ses'), phone }),
      fc.record({ kind: fc.constantFrom('ac', 'muc'), phoneId }),
      fc.record({ kind: fc.constant('room'), room: roomId }),
      fc.record({ kind: fc.constant('version'), number: fc.nat() }),
    ) as fc.Arbitrary<Topic>
    fc.assert(fc.property(topic, (topic) => expect(parseTopic(topicNameOf(topic))).toEqual(topic)))
  })
})

/** A chat read from its canonical name is always sorted. */
function withoutOrder(topic: Topic): Topic {
  return topic.kind === 'p2p' ? { ...topic, wasSorted: true } : topic
}
