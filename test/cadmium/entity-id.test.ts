import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type EntityId, parseEntityId, writeEntityId } from '../../cadmium/index.js'
import { parsePhone } from '../../topics/index.js'
import { quotedIn, tableOf } from './contract.js'

const examples = tableOf('### 3.3')
const longest = 'a'.repeat(64)
const kinds: Readonly<Record<string, EntityId['kind']>> = { 'e-mail': 'email', 'server id': 'server', 'the same message': 'message' }

const valid = examples.flatMap(([text = '', is = '']) => {
  const texts = text.startsWith('64 ×') ? [longest] : quotedIn(text)
  const word = is.split(/,| `/)[0] ?? ''
  const written = /written `([^`]*)`/.exec(is)?.[1]
  return texts.map((one) => [one, kinds[word] ?? word, written ?? one.replace('&msg:', '&').replace(/(?<=^&.*)@/, ':')] as const)
})
const invalid = examples.flatMap(([, , , text = '', because = '']) => quotedIn(text).map((one) => [one, because] as const))

describe('the examples of the contract', () => {
  test('are all read', () => expect([valid.length, invalid.length]).toEqual([24, 27]))
  test.each(valid)('%s is a %s, written %s', (text, kind, written) => {
    const entity = parseEntityId(text)
    expect(entity?.kind).toBe(kind)
    expect(writeEntityId(entity!)).toBe(written)
  })
  test.each(invalid)('%s is none: %s', (text) => expect(parseEntityId(text)).toBeUndefined())
})

describe('what was ambiguous', () => {
  test.each([
    ['@user:server', undefined],
    ['@me@[::1]:5222', { kind: 'user', local: 'me', server: '[::1]:5222' }],
    ['@me@EXAMPLE.org', { kind: 'user', local: 'me', server: 'example.org' }],
    ['&00000000-0000-8000-8000-00000000006A:S', { kind: 'message', uuid: '00000000-0000-8000-8000-00000000006a', server: 's' }],
    ['s:', undefined],
    ['s:0', undefined],
    ['s:65536', undefined],
    ['s:080', undefined],
    ['256.1.1.1', undefined],
    ['1.2.3', undefined],
    ['01.2.3.4', undefined],
    ['::1', undefined],
    ['[fe80::1%eth0]', undefined],
    ['anonymous', { kind: 'server', server: 'anonymous' }],
    ['a_b', undefined],
    ['a.', undefined],
    ['% 9991001:s', undefined],
    ['%1234:s', undefined],
    ['%1234567890123456:s', undefined],
    ['^a_at_b_at_c.org:s', { kind: 'email', name: 'a_at_b', host: 'c.org', server: 's' }],
    ['%email:a_at_c.org@s', { kind: 'email', name: 'a', host: 'c.org', server: 's' }],
    ['^a%b_at_c.org:s', undefined],
    ['^A_at_c.org:s', undefined],
    ['&media:00000000-0000-8000-8000-00000000006a@s', undefined],
    [`@a@${longest}`, { kind: 'user', local: 'a', server: longest }],
    [`${longest}:80`, undefined],
    ['', undefined],
    // U+212A, whose lower case is an ASCII k
    ['\u212a.org', undefined],
    [`@${'a'.repeat(4_092)}@s.o`, undefined],
  ])('%s', (text, entity) => expect(parseEntityId(text)).toEqual(entity))
})

const local = fc.stringMatching(/^[a-z0-9._=/-]{1,30}$/)
const digits = fc.stringMatching(/^[0-9]{5,15}$/)
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
const dns = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const host = fc.oneof(
  dns,
  fc.ipV4(),
  fc.ipV6().map((text) => `[${text.toLowerCase()}]`),
)
const server = fc.oneof(
  host,
  fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map(([name, port]) => `${name}:${String(port)}`),
  fc.stringMatching(/^[0-9a-f]{64}$/),
)
const entity: fc.Arbitrary<EntityId> = fc.oneof(
  fc.record({ kind: fc.constantFrom('user' as const, 'room' as const, 'alias' as const), local, server }),
  fc.record({ kind: fc.constant('msisdn' as const), phone: digits.map((text) => parsePhone(text)!), server }),
  fc.record({ kind: fc.constant('email' as const), name: fc.stringMatching(/^[a-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}$/), host: dns, server }),
  fc.record({ kind: fc.constant('message' as const), uuid: fc.uuid(), server }),
  fc.record({ kind: fc.constant('server' as const), server }),
)

/** The grammar of the contract as one expression, for what the parser must not let through. IPv6 is looked at by its characters alone. */
const grammar = (() => {
  const name = '[a-z0-9._=/-]+'
  const dnsName = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*'
  const at = `((${dnsName}|\\[[0-9a-f:.]+\\])(:[1-9][0-9]{0,4})?|[0-9a-f]{64})`
  const mail = `[a-z0-9.!#$&'*+/=?^_\`{|}~-]{1,64}_at_${dnsName}`
  const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
  const forms = [`@${name}@${at}`, `!${name}@${at}`, `#${name}[:@]${at}`, `%[0-9]{5,15}:${at}`, `%msisdn:[0-9]{5,15}@${at}`]
  return new RegExp(`^(${[...forms, `\\^${mail}:${at}`, `%email:${mail}@${at}`, `&${uuid}:${at}`, `&msg:${uuid}@${at}`, at].join('|')})$`)
})()

describe('properties', () => {
  test('what is written is read as what it was', () => {
    fc.assert(fc.property(entity, (one) => expect(parseEntityId(writeEntityId(one))).toEqual(one)))
  })

  test('nothing outside of the grammar passes, and what passes is written so that it is read again', () => {
    const mutated = fc
      .tuple(entity, fc.nat(), fc.constantFrom('', ...Array.from('@:!#%^&[]_.A0- \0é+')), fc.nat(2))
      .map(([one, at, inserted, cut]) => {
        const text = writeEntityId(one)
        const place = at % (text.length + 1)
        return text.slice(0, place) + inserted + text.slice(place + cut)
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string(), fc.string({ unit: fc.constantFrom(...Array.from('@!#%^&:.[]a1_-')) })), (text) => {
        const read = parseEntityId(text)
        if (read === undefined) return
        expect(text.toLowerCase()).toMatch(grammar)
        expect(parseEntityId(writeEntityId(read))).toEqual(read)
      }),
      { numRuns: 2_000 },
    )
  })
})
