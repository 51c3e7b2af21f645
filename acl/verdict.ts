/** A decision, and the rule that made it: `because` is for the log, never for the peer. */
export interface Verdict {
  readonly allowed: boolean
  readonly because: string
}

/** The error atoms a refused request may be answered with, as far as rights decide it. @see docs/protocol/rpc.md 1.6 */
export type RightsError = 'not_authorized' | 'invalid_data' | 'room_not_found' | 'not_found'

/** A decision about a request: a refusal carries the atom that answers it. */
export type RequestVerdict =
  { readonly allowed: true; readonly because: string } | { readonly allowed: false; readonly because: string; readonly error: RightsError }

/** It may happen, by the rule named. */
export function allow(because: string): { readonly allowed: true; readonly because: string } {
  return { allowed: true, because }
}

/** It may not happen, by the rule named. */
export function deny(because: string): { readonly allowed: false; readonly because: string } {
  return { allowed: false, because }
}

/** The request is refused, by the rule named, with an error atom. */
export function refuse(error: RightsError, because: string): RequestVerdict {
  return { allowed: false, because, error }
}
