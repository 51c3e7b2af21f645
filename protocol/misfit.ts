/**
 * A field whose value its layout does not allow. In the record it is at its default, as if it were not given; whoever uses the field refuses the
 * request, and to whoever does not it is all the same.
 * @see docs/protocol/rpc.md 1.2
 */
export interface Misfit {
  /** From the record to the one that holds the field: canonical fields, and places in lists. */
  readonly within: readonly (string | number)[]
  /** The canonical fields that are made of the field of the layout. */
  readonly fields: readonly string[]
  /** Why the value does not fit. Names the field and never a value. */
  readonly because: string
}

/** What was found since `seen` lies within this field of the record, or at this place of the list, that is being read. */
export function placeMisfits(misfits: Misfit[], seen: number, step: string | number): void {
  for (let i = seen; i < misfits.length; i++) {
    const misfit = misfits[i] as Misfit
    misfits[i] = { ...misfit, within: [step, ...misfit.within] }
  }
}
