/** The header of a TCP balancer, versions 1 and 2. The bytes of version 2 are those HAProxy 2.6 sends. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readProxyHeader } from '../../broker/listeners/proxy-header.js'

const start = '0d0a0d0a000d0a515549540a'
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const line = (text: string): Buffer => Buffer.from(text, 'latin1')

const headers: readonly { readonly title: string; readonly bytes: Buffer; readonly address: string | undefined }[] = [
  { title: 'IPv4', bytes: hex(`${start} 21 11 000c c0a80001 7f000001 ddd5 075b`), address: '192.168.0.1' },
  {
    title: 'IPv6',
    bytes: hex(`${start} 21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 ddd5 075b`),
    address: '2001:db8::1',
  },
  { title: 'IPv4 and a tag behind it', bytes: hex(`${start} 21 11 0010 0a000001 7f000001 ddd5 075b 04 0001 00`), address: '10.0.0.1' },
  { title: 'nobody it knows', bytes: hex(`${start} 21 00 0000`), address: undefined },
  { title: 'the proxy itself', bytes: hex(`${start} 20 11 000c 0a000001 7f000001 ddd5 075b`), address: undefined },
  { title: 'IPv4, as a line', bytes: line('PROXY TCP4 192.168.0.1 127.0.0.1 56789 1883\r\n'), address: '192.168.0.1' },
  { title: 'IPv6, as a line', bytes: line('PROXY TCP6 2001:db8::1 ::1 56789 1883\r\n'), address: '2001:db8::1' },
  { title: 'nobody it knows, as a line', bytes: line('PROXY UNKNOWN\r\n'), address: undefined },
]

describe('a header that tells of', () => {
  test.each(headers)('$title is read, whatever follows and however it is cut', ({ bytes, address }) => {
    const complete = { kind: 'complete', address, length: bytes.length }
    expect(readProxyHeader(bytes)).toEqual(complete)
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from([0x10, 0x00])]))).toEqual(complete)
    for (let end = 0; end < bytes.length; end++) expect(readProxyHeader(bytes.subarray(0, end))).toEqual({ kind: 'incomplete' })
  })
})

test.each([
  ['MQTT', hex('101000044d51545404000000')],
  ['a later version', hex(`${start} 31 11 000c 0a000001 7f000001 ddd5 075b`)],
  ['a command nobody knows', hex(`${start} 22 11 000c 0a000001 7f000001 ddd5 075b`)],
  ['a family nobody knows', hex(`${start} 21 41 000c 0a000001 7f000001 ddd5 075b`)],
  ['addresses that are cut', hex(`${start} 21 11 000b 0a000001 7f000001 ddd5 07`)],
  ['2 KiB and more', hex(`${start} 21 11 0800`)],
  ['a family and an address that do not fit', line('PROXY TCP4 ::1 ::1 1 2\r\n')],
  ['a name in place of an address', line('PROXY TCP4 localhost 127.0.0.1 1 2\r\n')],
  ['a port beyond the last', line('PROXY TCP4 10.0.0.1 127.0.0.1 65536 2\r\n')],
  ['a port with a zero in front', line('PROXY TCP4 10.0.0.1 127.0.0.1 01 2\r\n')],
  ['words too many', line('PROXY TCP4 10.0.0.1 127.0.0.1 1 2 3\r\n')],
  ['words too few', line('PROXY TCP4 10.0.0.1 127.0.0.1 1\r\n')],
  ['a family of its own', line('PROXY UDP4 10.0.0.1 127.0.0.1 1 2\r\n')],
  ['a line without an end', line(`PROXY TCP4 ${'1'.repeat(107)}`)],
  ['a line that almost begins so', line('PROXX')],
])('%s is refused', (_title, bytes) => {
  expect(readProxyHeader(bytes)).toMatchObject({ kind: 'malformed' })
})

test('any bytes give an answer, and no header is longer than what was read', () => {
  const begin = fc.constantFrom(hex(start), line('PROXY '), Buffer.alloc(0))
  fc.assert(
    fc.property(begin, fc.uint8Array({ maxLength: 80 }), (front, rest) => {
      const bytes = Buffer.concat([front, rest])
      const header = readProxyHeader(bytes)
      if (header.kind === 'complete') expect(header.length).toBeLessThanOrEqual(bytes.length)
    }),
  )
})
