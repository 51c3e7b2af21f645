import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { clientKind, type ClientKind, deviceIdFor, parseClientId, serviceNameOf } from '../../topics/index.js'

const kinds: readonly (readonly [string, ClientKind])[] = [
  ['', 'empty'],
  ['reg_A1', 'registration'],
  ['emqttd_reg_A1', 'registration'],
  ['emqttd_A1', 'device'],
  ['emqttd_regA1', 'device'],
  ['sys_news', 'service'],
  ['reg_', 'other'],
  ['emqttd_', 'other'],
  ['emqttd_reg_', 'other'],
  ['sys_', 'other'],
  ['mosq-1', 'other'],
  ['Emqttd_A1', 'other'],
  ['emqttd_a/b', 'other'],
  ['emqttd_#', 'other'],
  ['emqttd_+', 'other'],
  [`emqttd_${'x'.repeat(121)}`, 'device'],
  [`emqttd_${'x'.repeat(122)}`, 'other'],
  [`emqttd_${'ж'.repeat(61)}`, 'other'],
]

describe('client ids', () => {
  test.each(kinds)('%j is %s', (clientId, kind) => {
    expect(clientKind(clientId)).toBe(kind)
    expect(parseClientId(clientId)).toBe(kind === 'empty' || kind === 'other' ? undefined : clientId)
  })

  test.each([
    ['reg_A1', 'emqttd_A1'],
    ['emqttd_reg_A1', 'emqttd_A1'],
    ['reg_sys_news', 'emqttd_sys_news'],
    ['reg_reg_A1', undefined],
    ['emqttd_A1', undefined],
    ['sys_news', undefined],
    [`reg_${'x'.repeat(124)}`, undefined],
  ])('the device registered by %s is %s', (registration, device) => {
    expect(deviceIdFor(registration)).toBe(device)
  })

  test('a registration leads to a device or to nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom('reg_', 'emqttd_reg_', 'emqttd_', 'sys_', ''), fc.string({ unit: 'binary' }), (prefix, rest) => {
        const device = deviceIdFor(prefix + rest)
        expect(device === undefined || clientKind(device) === 'device').toBe(true)
      }),
    )
  })

  test('a service is named by what follows sys_', () => {
    const news = parseClientId('sys_news')
    expect(news && serviceNameOf(news)).toBe('news')
  })
})
