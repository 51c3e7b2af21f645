/** What stands for an address where something is counted by address. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addressLevel } from '../../rpc/documents/index.js'

test.each([
  ['IPv4', '203.0.113.7', '203.0.113.7'],
  ['IPv4 with a port', '203.0.113.7:5678', '203.0.113.7'],
  ['IPv4 as IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
  ['IPv4 as IPv6, in groups', '::ffff:cb00:7107', '203.0.113.7'],
  ['IPv4 as IPv6, at length, with a port', '[0:0:0:0:0:FFFF:CB00:7107]:80', '203.0.113.7'],
  ['of IPv6 the first 64 bits', '2001:db8:0:7:1:2:3:4', '2001:db8:0:7'],
  ['another spelling', '2001:0DB8::0007:0:0:0:2', '2001:db8:0:7'],
  ['with a port', '[2001:db8:0:7::1]:5678', '2001:db8:0:7'],
  ['with a zone', 'fe80::1%eth0', 'fe80:0:0:0'],
  ['the end written with dots', '2001:db8:0:7::203.0.113.7', '2001:db8:0:7'],
  ['none', '', 'unknown'],
  ['no address', 'a/b', 'unknown'],
  ['no address, a port', '999.1.1.1:5678', 'unknown'],
])('%s: %s', (_, address, level) => {
  expect(addressLevel(address)).toBe(level)
})

test('addresses are told apart by 32 or by 64 bits, and any text gives a key level', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV6(), fc.string(), (v4, v6, text) => {
      expect([addressLevel(v4), addressLevel(`::ffff:${v4}`), addressLevel(`${v4}:1`)]).toEqual([v4, v4, v4])
      expect(addressLevel(v6)).toMatch(/^([0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}|(\d{1,3}\.){3}\d{1,3})$/)
      expect(addressLevel(text)).not.toContain('/')
    }),
  )
})
