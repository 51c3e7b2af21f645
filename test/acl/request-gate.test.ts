import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decideRequest } from '../../acl/index.js'

const kinds = ['device', 'registration', 'anonymous', 'service'] as const

// rpc.md 1.2, 2 and 4; topics.md 12 and 15.
test.each([
  //                      device            registration      anonymous         service
  ['init', '', ['yes', 'yes', 'yes', 'yes']],
  ['Auth', 'reg', ['invalid_data', 'yes', 'not_authorized', 'not_authorized']],
  ['Auth', 'voice', ['yes', 'yes', 'not_authorized', 'not_authorized']],
  ['Auth', 'resend', ['yes', 'yes', 'not_authorized', 'not_authorized']],
  ['Auth', 'verify', ['yes', 'yes', 'not_authorized', 'not_authorized']],
  ['Auth', 'login', ['yes', 'yes', 'not_authorized', 'not_authorized']],
  ['Auth', 'logout', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
  ['Auth', 'push', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
  ['Auth', 'list', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
  ['Auth', '', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
  ['Message', 'client', ['yes', 'not_authorized', 'not_authorized', 'yes']],
  ['Profile', 'get', ['yes', 'not_authorized', 'not_authorized', 'yes']],
  ['Room', 'create', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
  ['Friend', 'request', ['yes', 'not_authorized', 'not_authorized', 'not_authorized']],
] as const)('%s/%s', (tag, type, outcomes) => {
  expect(kinds.map((kind) => told(kind, tag, type))).toEqual(outcomes)
})

test('an unauthenticated connection sends INIT and its registration, and nothing else', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (tag, type) => {
      fc.pre(tag !== 'init' && tag !== 'Auth')
      expect([told('registration', tag, type), told('anonymous', tag, type)]).toEqual(['not_authorized', 'not_authorized'])
    }),
  )
})

function told(kind: (typeof kinds)[number], tag: string, type: string): string {
  const verdict = decideRequest(kind, tag, type)
  return verdict.allowed ? 'yes' : verdict.error
}
