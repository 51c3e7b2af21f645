import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type Client,
  decidePublish,
  decideReceive,
  decideSubscribe,
  factsNeeded,
  type Grant,
  noFacts,
  parseGrants,
} from '../../acl/index.js'
import { parseFilter, parseTopic } from '../../topics/index.js'
import { clients, read } from './cast.js'

const grants = granted(`
  service:news publish telemetry/#
  service subscribe telemetry/+/battery
  device both home/%p/%c/#; any subscribe time
  registration publish names/%u/x
`)

/** Which of publish (p), subscribe to the name (s) and receive (r) the grants open. */
const cases: readonly (readonly [keyof typeof clients, string, string])[] = [
  ['service', 'telemetry/1', 'p--'],
  ['service', 'telemetry', 'p--'],
  ['service', 'telemetry/1/battery', 'psr'],
  ['own', 'telemetry/1/battery', '---'],
  ['own', 'home/380670001234/emqttd_A1', 'psr'],
  ['own', 'home/380670001234/emqttd_A1/lamp', 'psr'],
  ['friend', 'home/380670001234/emqttd_A1/lamp', '---'],
  ['registration', 'home/380670001234/reg_A1', '---'],
  ['registration', 'names/api/x', 'p--'],
  ['anonymous', 'names//x', '---'],
  ['anonymous', 'time', '-sr'],
  ['service', 'time', '-sr'],
]

describe('a grant', () => {
  test.each(cases)('gives %s on %s: %s', (who, name, rights) => {
    const client = clients[who]
    const topic = parseTopic(name)
    const verdicts = [
      decidePublish(client, topic, noFacts, grants),
      decideSubscribe(client, name, noFacts, grants),
      decideReceive(client, topic, noFacts, grants),
    ]
    expect(verdicts.map(({ allowed }, i) => (allowed ? 'psr'[i] : '-')).join('')).toBe(rights)
  })

  test('covers a subscription as a whole or not at all', () => {
    const asked = ['telemetry/+/battery', 'telemetry/7/battery', 'telemetry/#', 'telemetry/+/+', '#', 'time/#', 'home/+/emqttd_A1/#']
    expect(asked.filter((filter) => decideSubscribe(clients.service, filter, noFacts, grants).allowed)).toEqual([
      'telemetry/+/battery',
      'telemetry/7/battery',
    ])
    expect(decideSubscribe(clients.own, 'home/380670001234/emqttd_A1/#', noFacts, grants).allowed).toBe(true)
    expect(decideSubscribe(clients.own, 'home/380670001234/+/#', noFacts, grants).allowed).toBe(false)
  })

  test.each(['#', '+', 'a/b', '', '\0', 'a/#'])('is void for a client whose user name is %j', (userName) => {
    const client: Client = { ...clients.registration, userName }
    for (const name of ['names/api/x', 'names/a/b/x', 'names/x', 'names//x']) {
      expect(decidePublish(client, parseTopic(name), noFacts, granted('any both names/%u/x;any both names/a%u')).allowed).toBe(false)
    }
  })

  test.each(['events', 'ses', '$SYS', 'p2p'])('does not lead a user called %s into the protocol', (userName) => {
    const client: Client = { ...clients.anonymous, userName }
    const open = granted('any both %u/#')
    expect(decideSubscribe(client, `${userName}/#`, noFacts, open).allowed).toBe(false)
    expect(decidePublish(client, parseTopic(`${userName}/x`), noFacts, open).allowed).toBe(
      userName === 'events' && parseTopic('events/x').kind === 'events',
    )
  })
})

describe('parseGrants', () => {
  test('reads lines and semicolons, and lists every problem', () => {
    const { grants, problems } = parseGrants(
      'device both a/#;; service:news publish b \n nobody publish c\nany write d\nany both\nany both x#\nany both ses/#; any both #\nany both +/a\nany both $SYS/#\nany both a/%x\nservice: both a',
    )
    expect(grants).toEqual([
      { who: 'device', allow: 'both', filter: 'a/#' },
      { who: 'service:news', allow: 'publish', filter: 'b' },
    ])
    expect(problems).toEqual([
      '"nobody publish c": "nobody" is nobody a grant can be for',
      '"any write d": "write" is none of publish, subscribe, both',
      '"any both" is not of the form: who publish|subscribe|both filter',
      '"any both x#": "x#" is no topic filter',
      '"any both ses/#": "ses/#" reaches topics that no grant may open',
      '"any both #": "#" reaches topics that no grant may open',
      '"any both +/a": "+/a" reaches topics that no grant may open',
      '"any both $SYS/#": "$SYS/#" reaches topics that no grant may open',
      '"any both a/%x": the placeholders are %c, %p and %u',
      '"service: both a": "service:" is nobody a grant can be for',
    ])
  })

  test('is total', () => {
    const words = fc
      .array(fc.constantFrom('any', 'device', 'both', 'publish', ' ', '\n', ';', '%', '%c', '#', '/', 'a'), { maxLength: 12 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ unit: 'binary' })), (text) =>
        expect(parseGrants(text).problems.every((problem) => problem !== '')).toBe(true),
      ),
    )
  })
})

describe('whatever the grants', () => {
  const levels = fc.array(
    fc.constantFrom('events', 'actions', 'ses', 'ac', 'room', '$SYS', '1', 'api', 'emqttd_A1', '380670001234', 'x', '', '+', '%u', '%c'),
    { minLength: 1, maxLength: 5 },
  )
  const spelt = levels.map((parts) => parts.join('/'))
  const grant = fc
    .tuple(
      fc.constantFrom('any', 'device', 'service') as fc.Arbitrary<Grant['who']>,
      fc.oneof(
        spelt,
        spelt.map((text) => `${text}/#`),
        fc.constant('#'),
      ),
    )
    .map(([who, text]) => ({ who, filter: parseFilter(text) }))
    .filter((grant): grant is { who: Grant['who']; filter: Grant['filter'] } => grant.filter !== undefined)
    .map((grant): Grant => ({ ...grant, allow: 'both' }))
  const client = fc
    .tuple(fc.constantFrom(...Object.values(clients)), fc.constantFrom('api', 'ses', '#', '+', '$SYS', ''))
    .map(([client, userName]): Client => ({ ...client, userName }))
  const name = fc.oneof(spelt, fc.string({ unit: 'binary' }))

  test('the protocol and $… stay as they are, and no verdict lacks a reason', () => {
    fc.assert(
      fc.property(client, name, fc.array(grant, { maxLength: 3 }), (client, name, grants) => {
        const isProtocol = /^(events|actions|ses|ac|muc|p2p|room|version|\$[^/]*|[+#])(\/|$)/.test(name)
        for (const decide of [publishes, subscribes, receives]) {
          const { allowed, because } = decide(client, name, grants)
          expect(because).not.toBe('')
          if (isProtocol) expect(allowed).toBe(decide(client, name, []).allowed)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('what no grant covers is refused', () => {
    fc.assert(
      fc.property(client, name, (client, name) => {
        fc.pre(parseTopic(name).kind === 'other')
        expect([publishes, subscribes, receives].map((decide) => decide(client, name, []).allowed)).toEqual([false, false, false])
      }),
    )
  })

  function publishes(client: Client, name: string, grants: readonly Grant[]): ReturnType<typeof decidePublish> {
    const topic = parseTopic(name)
    return decidePublish(client, topic, read(factsNeeded(client, topic, 'publish')), grants)
  }
  function subscribes(client: Client, name: string, grants: readonly Grant[]): ReturnType<typeof decideSubscribe> {
    return decideSubscribe(client, name, read(factsNeeded(client, parseTopic(name), 'receive')), grants)
  }
  function receives(client: Client, name: string, grants: readonly Grant[]): ReturnType<typeof decideReceive> {
    const topic = parseTopic(name)
    return decideReceive(client, topic, read(factsNeeded(client, topic, 'receive')), grants)
  }
})

function granted(text: string): readonly Grant[] {
  const { grants, problems } = parseGrants(text)
  expect(problems).toEqual([])
  return grants
}
