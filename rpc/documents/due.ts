/** A time (ms since 1970 UTC) as a level of a key: 13 digits, so that keys sort by it. */
export function dueLevel(at: number): string {
  return String(at).padStart(13, '0')
}

/** The time of a {@link dueLevel}. */
export function dueTime(level: string): number {
  return Number(level)
}
