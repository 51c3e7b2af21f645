/** What a zone may be called; Intl decides whether there is one. */
const zoneName = /^[A-Za-z0-9_+:/-]{1,64}$/
const maxFormatters = 1_000
const formatters = new Map<string, Intl.DateTimeFormat | null>()
/** Longer than any zone is ahead of or behind UTC, so that a change of its offset lies between the two sides. */
const sideMs = 24 * 60 * 60_000

/**
 * The instant at which the wall clocks of a zone show a time.
 * @param wallClock the time shown, as ms since 1970 as if it were UTC
 * @param zone an IANA name, as `Europe/Kyiv`
 * @returns ms since 1970 UTC; undefined if there is no such zone. Of a time that is shown twice (clocks set back) the first; of one that is
 *   never shown (clocks set forward) the instant as far behind the change as the time is behind the one at which it comes: 02:30 becomes 03:30
 * @see docs/decisions/0172-the-time-of-a-job.md
 */
export function instantOf(wallClock: number, zone: string): number | undefined {
  const format = formatterOf(zone)
  if (format === undefined) return undefined
  const before = wallClock - offsetAt(wallClock - sideMs, format)
  const after = wallClock - offsetAt(wallClock + sideMs, format)
  const shown = [before, after].filter((instant) => instant + offsetAt(instant, format) === wallClock)
  return shown.length === 0 ? before : Math.min(...shown)
}

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!zoneName.test(zone)) return undefined
  const known = formatters.get(zone)
  if (known !== undefined) return known ?? undefined
  if (formatters.size >= maxFormatters) formatters.clear()
  const made = newFormatter(zone)
  formatters.set(zone, made)
  return made ?? undefined
}

function newFormatter(timeZone: string): Intl.DateTimeFormat | null {
  const field = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', era: 'short' },
      ...{ year: field, month: field, day: field, hour: field, minute: field, second: field },
    })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** By how many ms the wall clocks of a zone are ahead of UTC at an instant. */
function offsetAt(instant: number, format: Intl.DateTimeFormat): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return shown - Math.floor(instant / 1_000) * 1_000
}
