/** Wall clocks of time zones: what they show, what they show twice, and what they never show. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { instantOf } from '../../rpc/handlers/job/local-time.js'

for (const { zone, wall, utc, why } of [
  { zone: 'UTC', wall: '2026-05-01T12:00', utc: '2026-05-01T12:00', why: 'is UTC' },
  { zone: 'Europe/Kyiv', wall: '2026-01-15T09:00', utc: '2026-01-15T07:00', why: 'in winter is two hours ahead' },
  { zone: 'Europe/Kyiv', wall: '2026-07-15T09:00', utc: '2026-07-15T06:00', why: 'in summer is three hours ahead' },
  { zone: 'Asia/Kathmandu', wall: '2026-01-01T00:00', utc: '2025-12-31T18:15', why: 'may be a quarter of an hour off' },
  { zone: 'Pacific/Kiritimati', wall: '2026-01-01T00:00', utc: '2025-12-31T10:00', why: 'may be 14 hours ahead' },
  // In Berlin clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
  { zone: 'Europe/Berlin', wall: '2026-03-29T01:59', utc: '2026-03-29T00:59', why: 'is itself just before the gap' },
  { zone: 'Europe/Berlin', wall: '2026-03-29T02:30', utc: '2026-03-29T01:30', why: 'that is never shown is taken an hour later' },
  { zone: 'Europe/Berlin', wall: '2026-03-29T03:00', utc: '2026-03-29T01:00', why: 'is itself just after the gap' },
  { zone: 'Europe/Berlin', wall: '2026-10-25T02:30', utc: '2026-10-25T00:30', why: 'that is shown twice is the first of the two' },
  { zone: 'Europe/Berlin', wall: '2026-10-25T03:00', utc: '2026-10-25T02:00', why: 'is itself after the fold' },
  { zone: 'America/New_York', wall: '2026-03-08T02:30', utc: '2026-03-08T07:30', why: 'that is never shown, west of Greenwich' },
  { zone: 'America/New_York', wall: '2026-11-01T01:30', utc: '2026-11-01T05:30', why: 'that is shown twice, west of Greenwich' },
  { zone: 'Australia/Lord_Howe', wall: '2026-10-04T02:15', utc: '2026-10-03T15:45', why: 'in a gap of half an hour is half an hour later' },
])
  test(`${wall} in ${zone} ${why}`, () => {
    expect(new Date(instantOf(Date.parse(`${wall}Z`), zone) ?? NaN).toISOString()).toBe(`${utc}:00.000Z`)
  })

for (const zone of ['', 'Nowhere/None', 'Europe/Kyiv\n', 'x'.repeat(65)])
  test(`${JSON.stringify(zone)} is no time zone`, () => {
    expect(instantOf(0, zone)).toBeUndefined()
  })

const shownIn = (zone: string, instant: number): number => {
  const text = new Date(instant).toLocaleString('sv-SE', { timeZone: zone })
  return Date.parse(`${text.replace(' ', 'T')}Z`) + (((instant % 1_000) + 1_000) % 1_000)
}

test('what a clock shows leads back to the instant, or to the hour before where it is shown twice', () => {
  const zones = fc.constantFrom('Europe/Kyiv', 'America/Sao_Paulo', 'Asia/Tokyo', 'Australia/Adelaide', 'America/St_Johns')
  fc.assert(
    fc.property(zones, fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2040, 0) }), (zone, instant) => {
      const shown = shownIn(zone, instant)
      const found = instantOf(shown, zone)!
      expect(shownIn(zone, found)).toBe(shown)
      expect(found).toBeLessThanOrEqual(instant)
    }),
  )
})
