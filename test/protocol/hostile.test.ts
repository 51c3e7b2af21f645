import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { codecOf, decode, decodePush, defaultsOf, encode, limits, record, type Decoded, type Dialect } from '../../protocol/index.js'
import { wireNameOf } from '../../protocol/registry.js'
import { readGolden } from './golden.js'

const dialects: readonly Dialect[] = ['v1', 'v11']
const bytesOf = (...parts: readonly (string | number | readonly number[] | Uint8Array)[]): Uint8Array =>
  new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : typeof part === 'number' ? [part] : [...part])),
  )

/** A Service record in BERT whose field `data`, of any term, is these bytes. */
const inTerm = (...parts: readonly (string | number | readonly number[] | Uint8Array)[]): Uint8Array =>
  bytesOf([131, 104, 8, 100, 0, 7], 'Service', [106, 106], ...parts, [106, 106, 106, 106])
/** The same with `id`, a text, in its place. */
const inText = (...parts: readonly (string | number | readonly number[])[]): Uint8Array =>
  bytesOf([131, 104, 8, 100, 0, 7], 'Service', ...parts, [106, 106, 106, 106, 106, 106])
const repeated = (count: number, ...bytes: readonly number[]): Uint8Array =>
  new Uint8Array(Array.from({ length: count }, () => bytes).flat())

const four = [255, 255, 255, 255]

const refused: Readonly<Record<string, Uint8Array>> = {
  'nothing at all': bytesOf(),
  'the version byte alone': bytesOf(131),
  'a term that is no tuple': bytesOf(131, 97, 1),
  'an empty tuple': bytesOf(131, 104, 0),
  'a tuple whose first element is no atom': bytesOf(131, 104, 1, 97, 1),
  'a record nobody knows': bytesOf(131, 104, 1, 100, 0, 3, 'abc'),
  'a known record of another arity': bytesOf(131, 104, 3, 100, 0, 4, 'init', 106, 106),
  'a compressed term': bytesOf(131, 80, 0, 0, 255, 255, [120, 156, 3, 0, 0, 0, 0, 1]),
  'a payload that goes on after its record': bytesOf(131, 104, 2, 100, 0, 4, 'init', 106, 106),
  'a payload beyond the limit': inTerm(109, 0, 1, 0, 0, repeated(65536, 97)),
  'a list that claims 4 GiB': inTerm(108, four),
  'a binary that claims 4 GiB': inTerm(109, four),
  'a tuple that claims 4 GiB': inTerm(105, four),
  'an integer that claims 4 GiB': inTerm(111, four, 0),
  'an integer of 60,000 bytes': inTerm(111, 0, 0, 234, 96, 0, repeated(60000, 1)),
  'a list nested 10,000 deep': inTerm(repeated(10_000, 108, 0, 0, 0, 1)),
  'a closed list nested 10,000 deep': inTerm(repeated(10_000, 108, 0, 0, 0, 1), 106, repeated(10_000, 106)),
  'a tuple nested 30,000 deep': inTerm(repeated(30_000, 104, 1), 106),
  'a list tail nested 10,000 deep': inTerm(repeated(10_000, 108, 0, 0, 0, 1, 106), 106),
  'an atom in Latin-1 disguise': inTerm(119, 1, 0xff),
  'a float that is not a number': inTerm(70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
  'an endless float': inTerm(70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
  'a float of letters': inTerm(99, repeated(31, 97)),
  'a list without elements that is not []': inTerm(108, 0, 0, 0, 0, 97, 1),
  'an unknown atom in a listed field': bytesOf(131, 104, 4, 100, 0, 6, 'Friend', 106, 106, 100, 0, 3, 'hug'),
  'JSON that is none': bytesOf('{"tag":'),
  'JSON that is not UTF-8': bytesOf('{"tag":"init","token":"', 0xff, '"}'),
  'JSON of an array': bytesOf('[]'),
  'JSON of an unknown record': bytesOf('{"tag":"Nobody"}'),
  'JSON with an unknown field': bytesOf('{"tag":"init","nonsense":1}'),
  'JSON with a field of the other dialect': bytesOf('{"tag":"Message","repliedby":[1],"edit_msg":1}'),
  'JSON with __proto__': bytesOf('{"tag":"init","__proto__":{"token":"x"}}'),
  'JSON with a field of every object': bytesOf('{"tag":"init","toString":1}'),
  'MessagePack that ends early': bytesOf(0x81, 0xa3, 'ta'),
  'MessagePack of an array that claims 4 GiB': bytesOf(0x81, 0xa3, 'tag', 0xdd, four),
  'MessagePack of a map that claims 4 GiB': bytesOf(0x81, 0xa3, 'tag', 0xdf, four),
  'MessagePack of text that claims 4 GiB': bytesOf(0x81, 0xa3, 'tag', 0xdb, four),
  'MessagePack nested 30,000 deep': bytesOf(0x82, 0xa3, 'tag', 0xa7, 'Service', 0xa4, 'data', repeated(30_000, 0x91), 0xc0),
  'MessagePack arrays within each other that claim 65,535 each': bytesOf(0x81, 0xa3, 'tag', repeated(20_000, 0xdc, 0xff, 0xff)),
  'MessagePack with an extension': bytesOf(0x82, 0xa3, 'tag', 0xa4, 'init', 0xa5, 'token', 0xd4, 1, 1),
  'MessagePack with text that is not UTF-8': bytesOf(0x82, 0xa3, 'tag', 0xa4, 'init', 0xa5, 'token', 0xa1, 0xff),
  'MessagePack with __proto__': bytesOf(0x82, 0xa3, 'tag', 0xa4, 'init', 0xa9, '__proto__', 0x80),
  'MessagePack that goes on': bytesOf(0x81, 0xa3, 'tag', 0xa4, 'init', 0xc0),
}

/** Whole records with one field whose value is none of those listed for it. */
const misfits: Readonly<Record<string, Uint8Array>> = {
  'text that is not UTF-8': inText(109, 0, 0, 0, 2, 0xc3, 0x28),
  'an overlong form of a slash': inText(109, 0, 0, 0, 2, 0xc0, 0xaf),
  'half a surrogate pair': inText(109, 0, 0, 0, 3, 0xed, 0xa0, 0x80),
  'a string where text is due': inText(107, 0, 1, 97),
  'an integer where text is due': inText(97, 1),
  'a float where text is due': inText(70, 63, 248, 0, 0, 0, 0, 0, 0),
  'a list of [] where text is due': inText(108, 0, 0, 0, 1, 106, 106),
  'an integer beyond 2^53': bytesOf(131, 104, 2, 100, 0, 9, 'vnode_max', 110, 8, 0, repeated(8, 255)),
  'JSON with a value of the wrong type': bytesOf('{"tag":"init","token":1}'),
  'JSON with half a surrogate pair': bytesOf('{"tag":"init","token":"\\ud800"}'),
  'JSON with an integer beyond 2^53': bytesOf('{"tag":"vnode_max","node":9007199254740993}'),
  'JSON nested 30,000 deep': bytesOf('{"tag":"Service","data":', '['.repeat(30_000), ']'.repeat(30_000), '}'),
  'JSON with a list that is too deep': bytesOf('{"tag":"init","token":', '['.repeat(30_000), ']'.repeat(30_000), '}'),
  'MessagePack with a boolean': bytesOf(0x82, 0xa3, 'tag', 0xa4, 'init', 0xa5, 'token', 0xc3),
}

describe('a request with a value that does not fit its field is read without it, and says so; an answer is not read', () => {
  for (const [what, payload] of Object.entries(misfits)) {
    test(what, () => {
      for (const dialect of dialects) {
        const decoded = decode(payload, dialect)
        expect(decoded).toMatchObject({ kind: 'record', misfits: [{ within: [], fields: [expect.any(String)] }] })
        if (decoded.kind !== 'record') return
        expect(decoded.record).toEqual(record(decoded.record.tag, {}))
        expect(decodePush(payload, dialect).kind).toBe('refusal')
      }
    })
  }

  test('the place of a field is told from the record on, in the names of the canonical form', () => {
    const star = {
      tag: 'Star',
      message: { tag: 'Message', files: [{ tag: 'Desc' }, { tag: 'Desc', size: 'x' }], edit_msg: 'y' },
      status: 'add',
    }
    const decoded = decode(Buffer.from(JSON.stringify(star)), 'v1')
    expect(decoded).toMatchObject({
      misfits: [
        { within: ['message', 'files', 1], fields: ['size'] },
        { within: ['message'], fields: ['link'] },
      ],
    })
  })

  test('a field of records one of which is none is a misfit as a whole', () => {
    const message = { tag: 'Message', files: [{ tag: 'Desc', size: 'x' }, []], status: 'deleted' }
    expect(decode(Buffer.from(JSON.stringify(message)), 'v1')).toMatchObject({ misfits: [{ within: [], fields: ['files'] }] })
  })

  test('the field that names the request must fit, and of too many the field around them is passed over', () => {
    expect(decode(Buffer.from('{"tag":"Person","status":1}'), 'v1').kind).toBe('refusal')
    const withTags = (count: number): Buffer =>
      Buffer.from(JSON.stringify({ tag: 'Roster', tags: Array.from({ length: count }, () => ({ tag: 'Tag', id: 'x' })), status: 'get' }))
    const most = decode(withTags(limits.misfits), 'v1')
    expect(most.kind === 'record' && most.misfits.length).toBe(limits.misfits)
    expect(decode(withTags(limits.misfits + 1), 'v1')).toMatchObject({ misfits: [{ within: [], fields: ['tags'] }] })
  })

  test('each field of a layout has a place in the canonical record', () => {
    for (const { name, v1, v11 } of wireNameOf.values())
      for (const layout of [v1, v11])
        for (const fields of layout?.canonical ?? [])
          for (const field of fields)
            expect({ name, field, isKnown: field in defaultsOf(layout!.tag) }).toEqual({ name, field, isKnown: true })
  })
})

describe('hostile bytes are refused as invalid data', () => {
  for (const [what, payload] of Object.entries(refused)) {
    test(what, () => {
      for (const dialect of dialects) expect(decode(payload, dialect)).toMatchObject({ kind: 'refusal', code: 'invalid_data' })
    })
  }

  test('the reason names a field and never a value', () => {
    const payload = encode(record('Auth', { type: 'verify', sms_code: '481516' }), { codec: 'bert', dialect: 'v1' })
    payload[payload.length - 1] = 107
    const result = decode(payload, 'v1')
    expect(result.kind === 'refusal' && result.because).toMatch(/^Auth\.last_online /)
    expect(JSON.stringify(result)).not.toContain('481516')
  })
})

test('records and lists may be nested as deep as the limit and no deeper', () => {
  const nested = (depth: number): Uint8Array => inTerm(repeated(depth, 104, 1), 106)
  expect(decode(nested(limits.depth - 1), 'v1').kind).toBe('record')
  expect(decode(nested(limits.depth), 'v1').kind).toBe('refusal')
})

test('what has been read stays when the payload is overwritten', () => {
  const payload = encode(record('ftp', { id: 'a', sid: 'b', filename: 'c', data: new Uint8Array([1, 2]), status: 'send' }), {
    codec: 'bert',
    dialect: 'v1',
  })
  const result = decode(payload, 'v1')
  const before = JSON.stringify(result)
  payload.fill(0)
  expect(JSON.stringify(result)).toBe(before)
})

test('a transfer may have an eleventh element, in either dialect, which is not looked at', () => {
  const payload = Buffer.from(encode(record('ftp', { id: 'a', sid: 'b', filename: 'c', status: 'init' }), { codec: 'bert', dialect: 'v1' }))
  payload[2] = 11
  for (const dialect of dialects)
    for (const options of [[106], [104, 1, 97, 1], [109, 0, 0, 0, 1, 255]]) {
      const decoded = decode(Buffer.concat([payload, Buffer.from(options)]), dialect)
      expect(decoded).toMatchObject({ kind: 'record', record: { tag: 'ftp', id: 'a', filename: 'c', status: 'init' }, misfits: [] })
    }
})

test('the status of a transfer keeps its form, an atom or a binary', () => {
  for (const codec of ['bert', 'msgpack', 'json'] as const)
    for (const status_form of ['atom', 'binary'] as const) {
      const ack = record('ftpack', { id: 'a', sid: '', filename: 'c', status: 'send', status_form })
      expect(decodePush(encode(ack, { codec, dialect: 'v1' }), 'v1')).toMatchObject({ record: { status: 'send', status_form } })
    }
  const bert = encode(record('ftpack', { status: 'send', status_form: 'binary' }), { codec: 'bert', dialect: 'v1' })
  expect(Buffer.from(bert.subarray(-9)).toString('latin1')).toBe('m\0\0\0\u0004send')
})

test('JSON may begin with a byte order mark', () => {
  const json = encode(record('init', { token: 'x' }), { codec: 'json', dialect: 'v1' })
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), json])
  expect(decode(marked, 'v1')).toEqual(decode(json, 'v1'))
  for (const payload of [marked.subarray(0, 2), marked.subarray(0, 3), Buffer.from([0xef])])
    expect(decode(payload, 'v1').kind).toBe('refusal')
})

function total(payload: Uint8Array): void {
  for (const read of [decode, decodePush])
    for (const dialect of dialects) {
      const result: Decoded = read(payload, dialect)
      expect(['record', 'refusal']).toContain(result.kind)
      expect(result.encoding.codec).toBe(codecOf(payload))
      if (result.kind === 'record') expect(encode(result.record, result.encoding).length).toBeGreaterThan(0)
    }
}

describe('no bytes make the codecs throw', () => {
  test('random ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom([], [131], [131, 104], [0x7b], [0x82, 0xa3]), (bytes, head) =>
        total(new Uint8Array([...head, ...bytes])),
      ),
      { numRuns: 1500, seed: 1 },
    )
  })

  test('good ones with bytes changed, cut or put in', () => {
    const good = readGolden().flatMap(({ bytes, name }) => {
      const result = decode(bytes, name.startsWith('7.') ? 'v11' : 'v1')
      if (result.kind === 'refusal') return [bytes]
      return (['bert', 'msgpack', 'json'] as const).map((codec) => encode(result.record, { codec, dialect: result.encoding.dialect }))
    })
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom('set', 'cut', 'insert') })
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.array(change, { minLength: 1, maxLength: 4 }), (bytes, changes) => {
        const changed = [...bytes]
        for (const { at, byte, how } of changes) {
          if (how === 'set') changed[at % changed.length] = byte
          else if (how === 'insert') changed.splice(at % (changed.length + 1), 0, byte)
          else changed.length = Math.max(1, at % changed.length)
        }
        total(new Uint8Array(changed))
      }),
      { numRuns: 4000, seed: 2 },
    )
  })
})
