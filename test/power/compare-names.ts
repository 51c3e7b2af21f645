export type CutFindingKind = 'lost' | 'reordered' | 'stored twice' | 'broken'

/** What is wrong after a cut. */
export interface CutFinding {
  readonly kind: CutFindingKind
  readonly text: string
  /** Which run, and after which of its records the power was cut. */
  readonly seed: number
  readonly index: number
  readonly records: number
}

/**
 * Compares what a store holds after a cut with what had been acknowledged.
 * @param names of commits, `lane-number`, in the order of their feed: a lane counts from 0 and waits for each commit before the next
 */
export function compareNames(names: readonly string[], acknowledged: ReadonlySet<string>): readonly Pick<CutFinding, 'kind' | 'text'>[] {
  const found: Pick<CutFinding, 'kind' | 'text'>[] = []
  const seen = new Set<string>()
  const nextOf = new Map<string, number>()
  for (const name of names) {
    const [lane = '', number = ''] = name.split('-')
    if (seen.has(name)) found.push({ kind: 'stored twice', text: `${name} is stored twice` })
    else if (Number(number) !== (nextOf.get(lane) ?? 0))
      found.push({ kind: 'reordered', text: `${name} is stored before what its lane waited for` })
    nextOf.set(lane, Number(number) + 1)
    seen.add(name)
  }
  const lost = [...acknowledged].filter((name) => !seen.has(name))
  if (lost.length > 0)
    found.push({ kind: 'lost', text: `acknowledged and lost: ${lost.length} of ${acknowledged.size}, first ${String(lost[0])}` })
  return found
}
