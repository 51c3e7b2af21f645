import { expect, test } from '@jest/globals'
import { err, ok } from '../../protocol/index.js'
import { accept, answer, drop, refuse, refuseAttempts } from '../../rpc/outcome.js'
import { countedAs } from '../../rpc/runtime/worker/counts.js'

test.each([
  { rule: 'what is done is ok', outcome: accept({ sends: [answer(ok('sms_sent'))] }), as: 'ok' },
  { rule: 'a refusal counts as its code', outcome: refuse('not_authorized', 'because'), as: 'not_authorized' },
  { rule: 'so does one for a time', outcome: refuseAttempts(1_000, 'because'), as: 'attempts_expired' },
  {
    rule: 'and one that stores what it has used up',
    outcome: accept({ sends: [answer(err('invalid_sms_code'))] }),
    as: 'invalid_sms_code',
  },
  { rule: 'what is dropped is dropped', outcome: drop('because'), as: 'dropped' },
])('$rule', ({ outcome, as }) => {
  expect(countedAs(outcome)).toBe(as)
})
