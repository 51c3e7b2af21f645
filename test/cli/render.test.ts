import { describe, expect, test } from '@jest/globals'
import { printable } from '../../cli/printable.js'
import { renderPush, renderPushJson } from '../../cli/render.js'
import { type AnyRecord, ok2, pair, record } from '../../protocol/index.js'

const at = new Date(2026, 0, 2, 3, 4, 5)
const push = (shown: AnyRecord | null): Parameters<typeof renderPush>[0] => ({
  topic: 'ses/9991001',
  payload: Buffer.from('abc'),
  record: shown,
  isBelieved: shown !== null,
})
const line = (shown: AnyRecord | null): string => renderPush(push(shown), at, 'v1', new Set(['MYTOKEN']))

describe('a line of watch', () => {
  test('is time, topic and the record in the notation of the protocol', () => {
    const shown = record('Contact', { phone_id: '9991002_2', presence: 'online', status: 'friend' })
    expect(line(shown)).toBe('03:04:05 ses/9991001 Contact{phone_id="9991002_2", presence=online, status=friend}')
  })

  test('tells the length of what is no record', () => {
    expect(line(null)).toBe('03:04:05 ses/9991001 3 bytes that are no record')
    expect(JSON.parse(renderPushJson(push(null), at, 'v1', new Set()))).toMatchObject({ bytes: 'YWJj' })
  })

  for (const { what, shown } of [
    { what: 'the token of a login', shown: ok2('login', pair('emqttd_1', 'SECRET')) },
    { what: 'the token of a session', shown: record('Auth', { token: 'SECRET', sms_code: 'SECRET', type: 'list' }) },
    { what: 'a session token', shown: record('io', { code: '', data: record('Token', { token: 'SECRET' }) }) },
    { what: 'the own token wherever it stands', shown: record('Typing', { from: 'MYTOKEN', to: 'x' }) },
  ]) {
    test(`hides ${what}`, () => {
      for (const text of [line(shown), renderPushJson(push(shown), at, 'v1', new Set(['MYTOKEN']))]) {
        expect(text).toContain('***')
        expect(text).not.toMatch(/SECRET|MYTOKEN/)
      }
    })
  }

  test('holds nothing that commands the terminal', () => {
    const hostile = record('Contact', { names: '\u001b[2J\u009b2J\u202e' })
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(line(hostile)).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]/)
  })
})

test('text of others cannot command the terminal, or pass for another line', () => {
  expect(printable('a\u001b[2J\n09:00 you: b\u202e')).toBe('a\uFFFD[2J\n    09:00 you: b\uFFFD')
})
