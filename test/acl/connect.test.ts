import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ConnectDecision, type ConnectFacts, decideConnect, decideVersion, equalSecrets } from '../../acl/index.js'

const passwords = ['right', 'wrong', 'empty', 'expired', 'locked'] as const

// topics.md 12: for each client id, known or not, what each password leads to.
const table: readonly (readonly [string, boolean, readonly [string, string, string, string, string]])[] = [
  //                     right           wrong           empty           expired         locked
  ['reg_A1', false, ['registration', 'registration', 'registration', 'registration', 'registration']],
  ['reg_A1', true, ['registration', 'registration', 'registration', 'registration', 'registration']],
  ['emqttd_reg_A1', false, ['registration', 'registration', 'registration', 'registration', 'registration']],
  ['emqttd_A1', true, ['device', '4', '4', 'device renewed', '4']],
  ['emqttd_A1', false, ['4', '4', 'anonymous', '4', '4']],
  ['', false, ['4', '4', 'anonymous assigned', '4', '4']],
  ['', true, ['4', '4', 'anonymous assigned', '4', '4']],
  ['sys_news', true, ['service news', '4', '4', '4', '4']],
  ['sys_news', false, ['4', '4', '4', '4', '4']],
  ['mosq-1', true, ['2', '2', '2', '2', '2']],
  ['emqttd_', false, ['2', '2', '2', '2', '2']],
  ['emqttd_a/b', true, ['2', '2', '2', '2', '2']],
  [`emqttd_${'x'.repeat(122)}`, true, ['2', '2', '2', '2', '2']],
]

describe('CONNECT', () => {
  const cases = table.flatMap(([clientId, isKnown, outcomes]) =>
    passwords.map((password, i) => ({ clientId, isKnown, password, outcome: outcomes[i] })),
  )
  test.each(cases)(
    'of $clientId (known: $isKnown) with a password that is $password: $outcome',
    ({ clientId, isKnown, password, outcome }) => {
      expect(told(decideConnect({ clientId, isCleanSession: true }, { isKnown, password }))).toBe(outcome)
    },
  )

  test('with an empty client id needs a clean session [MQTT-3.1.3-8]', () => {
    expect(told(decideConnect({ clientId: '', isCleanSession: false }, { isKnown: false, password: 'empty' }))).toBe('2')
    expect(told(decideConnect({ clientId: 'emqttd_A1', isCleanSession: false }, { isKnown: true, password: 'right' }))).toBe('device')
  })

  test('is always decided, and nobody is a device or a service without a right password', () => {
    const facts: fc.Arbitrary<ConnectFacts> = fc.record({ isKnown: fc.boolean(), password: fc.constantFrom(...passwords) })
    const clientId = fc
      .tuple(fc.constantFrom('', 'reg_', 'emqttd_', 'emqttd_reg_', 'sys_'), fc.string({ unit: 'binary' }))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(clientId, fc.boolean(), facts, (clientId, isCleanSession, facts) => {
        const decision = decideConnect({ clientId, isCleanSession }, facts)
        expect(decision.because).not.toBe('')
        const isTrusted = decision.kind === 'accept' && (decision.as === 'device' || decision.as === 'service')
        expect(isTrusted && !(facts.isKnown && (facts.password === 'right' || facts.password === 'expired'))).toBe(false)
      }),
    )
  })
})

describe('the will of CONNECT', () => {
  // topics.md 13 and 14
  test.each([
    [undefined, { version: 1, dialect: 'v1', isSupported: true, isWillOrdinary: false }],
    ['version/1', { version: 1, dialect: 'v1', isSupported: true, isWillOrdinary: false }],
    ['version/2', { version: 2, dialect: 'v11', isSupported: true, isWillOrdinary: false }],
    ['version/11', { version: 11, dialect: 'v11', isSupported: true, isWillOrdinary: false }],
    ['version/12', { version: 12, dialect: 'v11', isSupported: false, isWillOrdinary: false }],
    ['version/99', { version: 99, dialect: 'v11', isSupported: false, isWillOrdinary: false }],
    ['version/0', { version: 0, dialect: 'v11', isSupported: false, isWillOrdinary: false }],
    ['version/x', { version: 1, dialect: 'v1', isSupported: true, isWillOrdinary: true }],
    ['ac/380670001234_12525', { version: 1, dialect: 'v1', isSupported: true, isWillOrdinary: true }],
  ])('on %s', (willTopic, decision) => {
    expect(decideVersion(willTopic)).toEqual(decision)
  })

  test('is measured against the versions configured', () => {
    expect(decideVersion('version/1', { from: 2, to: 11 }).isSupported).toBe(false)
    expect(decideVersion('version/12', { from: 1, to: 12 }).isSupported).toBe(true)
  })
})

test('secrets are equal if their bytes are', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => expect(equalSecrets(a, b)).toBe(a === b)))
  expect(equalSecrets('token', Buffer.from('token'))).toBe(true)
})

function told(decision: ConnectDecision): string {
  if (decision.kind === 'refuse') return String(decision.returnCode)
  switch (decision.as) {
    case 'registration':
      return decision.as
    case 'device':
      return decision.renewsToken ? 'device renewed' : 'device'
    case 'anonymous':
      return decision.clientId === undefined ? 'anonymous assigned' : 'anonymous'
    case 'service':
      return `service ${decision.name}`
  }
}
