import type { Branded } from './branded.js'
import { isPublishable } from './level.js'

/** What a client subscribes to: may hold `+` for a level and, at its end, `#` for any number of levels. */
export type TopicFilter = Branded<string, 'TopicFilter'>

const maxFilterBytes = 65_535

/**
 * @returns the filter, or undefined if `text` is empty, longer than 65,535 bytes, holds U+0000, or a wildcard that does not fill a level or
 *   (`#`) is not last
 * @see MQTT 3.1.1, 4.7.1 and 4.7.3
 */
export function parseFilter(text: string): TopicFilter | undefined {
  if (text === '' || Buffer.byteLength(text) > maxFilterBytes) return undefined
  const levels = text.split('/')
  const isWell = levels.every((level, i) => level === '+' || (level === '#' && i === levels.length - 1) || isPublishable(level))
  return isWell ? (text as TopicFilter) : undefined
}

/** Whether a filter holds `+` or `#`. */
export function hasWildcard(filter: TopicFilter): boolean {
  return !isPublishable(filter)
}

/**
 * Whether a topic name falls under a filter. Empty levels are levels; `a/#` matches `a` too; a filter that begins with a wildcard matches
 * no name that begins with `$`.
 * @see MQTT 3.1.1, 4.7.1 to 4.7.3 [MQTT-4.7.2-1]
 */
export function matches(filter: TopicFilter, name: string): boolean {
  if (name === '' || !isPublishable(name)) return false
  return coversLevels(filter.split('/'), name.split('/'))
}

/** Whether every name that `inner` matches is also matched by `outer`. */
export function covers(outer: TopicFilter, inner: TopicFilter): boolean {
  return coversLevels(outer.split('/'), inner.split('/'))
}

// The same walk serves names and filters: a name is a filter without wildcards.
function coversLevels(outer: readonly string[], inner: readonly string[]): boolean {
  if (isWildcard(outer[0]) && inner[0]?.startsWith('$') === true) return false
  for (const [i, level] of outer.entries()) {
    if (level === '#') return inner.length >= i
    const other = inner[i]
    if (other === undefined || other === '#') return false
    if (level !== '+' && level !== other) return false
  }
  return outer.length === inner.length
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#'
}
