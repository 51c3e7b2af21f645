import type { Feature } from '../protocol/index.js'

/** Settings with `changes` merged in by key and group; an empty value deletes. @see docs/protocol/rpc.md 6, Profile/update */
export function mergeFeatures(settings: readonly Feature[], changes: readonly Feature[]): readonly Feature[] {
  const merged = new Map(settings.map((feature) => [keyOf(feature), feature]))
  for (const feature of changes) {
    if (feature.value === null || feature.value === '') merged.delete(keyOf(feature))
    else merged.set(keyOf(feature), feature)
  }
  return [...merged.values()]
}

const maxSettings = 200
const maxSettingsBytes = 16_384

/**
 * Whether so many settings may be kept with a room, a membership, a contact or a session: 200, of 16 KiB together. They are shown wherever the
 * thing itself is. @see docs/decisions/0141-bounds-of-settings.md
 */
export function isWithinSettings(settings: readonly Feature[]): boolean {
  if (settings.length > maxSettings) return false
  const bytes = (text: string | null): number => Buffer.byteLength(text ?? '')
  const total = settings.reduce((sum, { id, key, value, group }) => sum + bytes(id) + bytes(key) + bytes(value) + bytes(group), 0)
  return total <= maxSettingsBytes
}

function keyOf({ key, group }: Feature): string {
  return `${group ?? ''}\u0000${key ?? ''}`
}
