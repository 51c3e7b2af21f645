import { expect, test } from '@jest/globals'
import { mailLevel, shareOf } from '../../rpc/codes/code-budget.js'
import { siteLevel } from '../../rpc/documents/index.js'

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:7:1::1', '2001:db8:7'],
  ['2001:db8::1', '2001:db8:0'],
  ['::1', '0:0:0'],
  ['', 'unknown'],
])('the site of %j is %s', (address, site) => {
  expect(siteLevel(address)).toBe(site)
})

test.each([
  [24, 8],
  [9, 4],
  [3, 3],
  [1, 1],
  [Infinity, Infinity],
])('of %d codes one address may ask for %d', (amount, share) => {
  expect(shareOf(amount)).toBe(share)
})

test.each([
  ['Ann@Example.com', 'ann@example.com', true],
  ['ann+1@example.com', 'ann+2@example.com', true],
  ['ann@bücher.example', 'ann@xn--bcher-kva.example', true],
  ['+1@example.com', '+2@example.com', false],
  ['ann@example.com', 'ann@example.org', false],
  ['ann@example.com', 'anna@example.com', false],
])('mail to %s and to %s is counted together: %s', (one, other, isSame) => {
  expect(mailLevel(one) === mailLevel(other)).toBe(isSame)
})
