/**
 * An Erlang term whose meaning the protocol leaves open (fields of type `term`).
 *
 * Kinds stay apart, so that a term goes out as it came in: a string is a binary of UTF-8 text, `Uint8Array` any other binary, a number a
 * safe integer, a bigint an integer beyond 2^53, an array a list (`[]` is nil).
 */
export type Term = string | number | bigint | Uint8Array | Atom | Float | Tuple | ImproperList | readonly Term[]

/** An Erlang atom. */
export interface Atom {
  readonly atom: string
}

/** A float; kept apart from integers because 2.0 and 2 are different terms. */
export interface Float {
  readonly float: number
}

/** A tuple of terms, or of the values that a typed field lists. */
export interface Tuple<Items extends readonly unknown[] = readonly Term[]> {
  readonly tuple: Items
}

/** A list that does not end in nil: `[a, b | tail]`. */
export interface ImproperList {
  readonly list: readonly Term[]
  readonly tail: Term
}

/** The pair `{first, second}`, as in `{ClientId, Token}`. */
export function pair<A, B>(first: A, second: B): Tuple<readonly [A, B]> {
  return { tuple: [first, second] }
}

export function isAtom(value: unknown): value is Atom {
  return typeof value === 'object' && value !== null && 'atom' in value
}

export function isFloat(value: unknown): value is Float {
  return typeof value === 'object' && value !== null && 'float' in value
}

export function isTuple(value: unknown): value is Tuple<readonly unknown[]> {
  return typeof value === 'object' && value !== null && 'tuple' in value
}

export function isImproperList(value: unknown): value is ImproperList {
  return typeof value === 'object' && value !== null && 'list' in value && 'tail' in value
}

export function isList(value: Term): value is readonly Term[] {
  return Array.isArray(value)
}
