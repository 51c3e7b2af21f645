import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { answerError, readBaseMessage } from '../../cadmium/index.js'

const stranger = { serverName: 'localhost', caller: '' }
const anna = { serverName: 'localhost', caller: '@9991001_1@localhost' }

/** What a server that knows no type answers. */
function answerTo(text: string | null, answering = stranger): unknown {
  const reading = readBaseMessage(text)
  if (reading.kind === 'silent') return undefined
  if (reading.kind === 'refused') return JSON.parse(answerError(reading.echo, answering, reading.refusal))
  return JSON.parse(answerError(reading.message.echo, answering, { error: 'unknown_type' }))
}

const text0 = "Incorrect type of message (type isn't implemented in the server)"
const nobody = { id: '1', type: 'x:error', from: 'localhost', to: '', ok: false, payload: { errCode: 0, errText: text0, errPayload: {} } }
const wrong = (field: string, errCode = 2) => ({
  ...nobody,
  payload: { errCode, errText: errCode === 2 ? 'A field is missing or has a wrong value' : 'This is no EntityID', errPayload: { field } },
})
const unreadable = {
  ...{ id: '', type: ':error', from: 'localhost', to: '', ok: false },
  payload: { errCode: 1, errText: 'The message cannot be read', errPayload: {} },
}

test('the example of the seed is answered as printed, member by member in its order', () => {
  const asked = '{"id":"abcd","type":"incorrectMessageType","from":"","to":"","payload":{"test":"test"}}'
  const reading = readBaseMessage(asked)
  expect(reading.kind === 'message' && answerError(reading.message.echo, stranger, { error: 'unknown_type' })).toBe(
    `{"id":"abcd","type":"incorrectMessageType:error","from":"","to":"","ok":false,"payload":{"errCode":0,"errText":"${text0}","errPayload":{}}}`,
  )
})

describe('the ends of an answer', () => {
  test.each([
    ['{"id":"1","type":"x","from":"@juliet@cadmium.im","to":"cadmium.im"}', { from: 'cadmium.im', to: '@juliet@cadmium.im' }],
    ['{"id":"1","type":"x","from":"","to":""}', { from: '', to: '' }],
    ['{"id":"1","type":"x","from":null,"to":null}', {}],
    ['{"id":"1","type":"x","to":["cadmium.im"]}', { from: 'cadmium.im' }],
    ['{"id":"1","type":"x","to":"CADMIUM.im:80"}', { from: 'CADMIUM.im:80' }],
    ['{"id":"1","type":"x","to":"@boris@cadmium.im"}', {}],
  ])('%s', (text, ends) => expect(answerTo(text)).toEqual({ ...nobody, ...ends }))

  test('who has logged in and does not say who he is, is named', () => {
    expect(answerTo('{"id":"1","type":"x"}', anna)).toEqual({ ...nobody, to: anna.caller })
    expect(answerTo('{"id":"1","type":"x","from":""}', anna)).toEqual(nobody)
  })
})

describe('checks 1 to 3, in their order', () => {
  test.each([
    ['{"id":', unreadable],
    ['[]', unreadable],
    ['"x"', unreadable],
    ['null', unreadable],
    [null, unreadable],
    ['', unreadable],
    [`{"id":"1","type":"x","payload":${'['.repeat(32)}${']'.repeat(32)}}`, unreadable],
    ['{"type":"x"}', { ...wrong('id'), id: '' }],
    ['{"id":"1"}', { ...wrong('type'), type: ':error' }],
    ['{"id":7,"type":"x"}', { ...wrong('id'), id: '' }],
    ['{"id":"","type":"x"}', { ...wrong('id'), id: '' }],
    [JSON.stringify({ id: 'a'.repeat(129), type: 'x' }), { ...wrong('id'), id: 'a'.repeat(129) }],
    [JSON.stringify({ id: '1', type: 'x'.repeat(256) }), { ...wrong('type'), type: `${'x'.repeat(256)}:error` }],
    ['{"id":"1","type":"x","from":7}', wrong('from')],
    ['{"id":"1","type":"x","to":["a","b"]}', wrong('to')],
    ['{"id":"1","type":"x","to":[]}', wrong('to')],
    ['{"id":"1","type":"x","to":[null]}', wrong('to')],
    ['{"id":"1","type":"x","ok":"yes"}', wrong('ok')],
    ['{"id":"1","type":"x","ok":null}', wrong('ok')],
    ['{"id":"1","type":"x","payload":[]}', wrong('payload')],
    ['{"id":"1","type":"x","payload":"x"}', wrong('payload')],
    ['{"id":"1","type":"x","to":7,"payload":[]}', wrong('to')],
    ['{"id":"1","type":"x","to":"@Anna@localhost"}', wrong('to', 3)],
    ['{"id":"1","type":"x","from":"@@localhost"}', { ...wrong('from', 3), to: '@@localhost' }],
    ['{"id":"1","type":"x","from":"@@localhost","to":"#"}', { ...wrong('from', 3), to: '@@localhost' }],
    ['{"id":"1","type":"x","from":"@@localhost","payload":[]}', { ...wrong('payload'), to: '@@localhost' }],
  ])('%s', (text, answer) => expect(answerTo(text)).toEqual(answer))

  test.each(['{"id":"1","type":"x:error"}', '{"type":"x:error"}', '{"id":"1","type":":error","payload":[]}'])(
    '%s is not answered',
    (text) => expect(answerTo(text)).toBeUndefined(),
  )

  test.each([
    `{"id":"1","type":"x","payload":${'['.repeat(30)}${']'.repeat(30)}}`.replace('[', '{"a":[').replace(/\]\}$/, ']}}'),
    '{"id":"1","type":"x","payload":{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}}',
    '{"id":"1","type":"x","ok":false,"authToken":"t","payload":null}',
    '{"id":"2","id":"1","type":"x"}',
    '{"id":"1","type":"x","payload":{"__proto__":1,"constructor":{}}}',
  ])('%s passes', (text) => expect(answerTo(text)).toEqual(nobody))

  test('halves of characters are replaced, whole ones stay', () => {
    const reading = readBaseMessage('{"id":"1","type":"x","payload":{"a":"\\ud83d\\ude00 \\ud83d","b":["\\uDE00"]}}')
    expect(reading.kind === 'message' && reading.message.payload).toEqual({ a: '\ud83d\ude00 \ufffd', b: ['\ufffd'] })
  })

  test('members called like those of objects are members like any other', () => {
    const reading = readBaseMessage('{"id":"1","type":"x","payload":{"__proto__":{"a":1}}}')
    expect(reading.kind === 'message' && JSON.stringify(reading.message.payload)).toBe('{"__proto__":{"a":1}}')
  })
})

test('every text is answered, or is an error', () => {
  const member = fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom('@a@s', 's', '', null, 'x:error'))
  const message = fc.record(
    { id: member, type: member, from: member, to: member, ok: member, payload: fc.oneof(fc.object(), member) },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        message.map((one) => JSON.stringify(one)),
      ),
      (text) => {
        const answer = answerTo(text)
        if (answer !== undefined) expect(answer).toMatchObject({ ok: false, payload: { errPayload: {} } })
      },
    ),
  )
})
