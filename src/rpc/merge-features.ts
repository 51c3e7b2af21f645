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

function keyOf({ key, group }: Feature): string {
  return `${group ?? ''}\u0000${key ?? ''}`
}
