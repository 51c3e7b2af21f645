/** What a start says of who can reach the server. */
import { describe, expect, test } from '@jest/globals'
import { exposure } from '../../server/exposure.js'
import type { Ports } from '../../server/ports.js'

const ports: Ports = { mqtt: 1883, ws: 8083, tls: 'off', http: 8080, admin: 8081 }
const closed = { host: '127.0.0.1', adminHost: '127.0.0.1', ports }

describe('a start', () => {
  test.each([
    { what: 'this machine alone', exposed: closed },
    { what: 'this machine alone, by name', exposed: { ...closed, host: 'localhost', adminHost: '::1' } },
    { what: 'everybody, who has TLS', exposed: { ...closed, host: '0.0.0.0', ports: { ...ports, tls: 8883 } } },
    {
      what: 'everybody, but has no administration',
      exposed: { ...closed, adminHost: '0.0.0.0', ports: { ...ports, admin: 'off' } } as const,
    },
  ])('that is open to $what says nothing', ({ exposed }) => {
    expect(exposure(exposed)).toBeUndefined()
  })

  test.each(['0.0.0.0', '::', '192.0.2.7', 'broker.example'])(
    'without TLS at %s says in one line what is open, to whom, and how to close it',
    (host) => {
      const text = exposure({ ...closed, host, ports: { ...ports, ws: 'off' } })
      expect(text).toContain(`whoever reaches ${host} `)
      for (const part of ['MQTT (1883)', 'HTTP (8080)', 'port 8081', 'NYNJA_HOST=127.0.0.1', 'NYNJA_TLS_KEY']) expect(text).toContain(part)
      expect(text).not.toMatch(/WebSocket \(|\n/)
    },
  )

  test('whose metrics are open says so whatever else it has', () => {
    const text = exposure({ host: '0.0.0.0', adminHost: '0.0.0.0', ports: { ...ports, tls: 8883 } })
    expect(text).toMatch(/^Metrics are open to whoever reaches port 8081 of 0\.0\.0\.0: .*NYNJA_ADMIN_HOST=127\.0\.0\.1/)
  })
})
