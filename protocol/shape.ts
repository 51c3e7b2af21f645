import { nameIndex, type NameIndex } from './name-index.js'
import type { Tuple } from './term.js'

declare const carries: unique symbol

/** Stands for a record by its tag until the table is complete; `Infer` puts the record's type in its place. */
export interface Ref<Tag extends string> {
  readonly ref: Tag
}

/** Stands for `Term`, which is recursive and must not be expanded while types are inferred. */
export interface TermMark {
  readonly anyTerm: true
}

/** The atoms a field lists: what each wire atom means here, and which wire atom each canonical one is sent as. */
export interface AtomSet {
  readonly wire: readonly string[]
  readonly received: ReadonlyMap<string, string>
  readonly sent: ReadonlyMap<string, string>
  readonly index: NameIndex<string>
}

/**
 * What a field may hold: the union of the alternatives that are set. Every codec reads and writes by this one description; `T` is the
 * TypeScript type of the value.
 */
export interface Shape<out T = unknown> {
  readonly nil: boolean
  readonly text: boolean
  readonly bytes: boolean
  readonly int: boolean
  /** The only integers allowed, if they are listed. */
  readonly ints: readonly number[] | null
  readonly real: boolean
  readonly atoms: AtomSet | null
  /** Any atom, as a string. */
  readonly anyAtom: boolean
  /** Any atom, as `{ atom }`: where a binary may stand too and the two mean different things. */
  readonly symbol: boolean
  readonly term: boolean
  readonly list: Shape | null
  readonly tuples: readonly (readonly Shape[])[]
  readonly records: readonly string[]
  /** The value of a field that is not given; null where nothing else is said. */
  readonly fallback: unknown
  readonly [carries]?: T
}

const nothing: Alternatives = {
  nil: false,
  text: false,
  bytes: false,
  int: false,
  ints: null,
  real: false,
  atoms: null,
  anyAtom: false,
  symbol: false,
  term: false,
  list: null,
  tuples: [],
  records: [],
  fallback: null,
}

/** The empty list every absent list shares; frozen, so that no reader can fill it for the others. */
export const emptyList: readonly never[] = Object.freeze([])

type Alternatives = Omit<Shape, typeof carries>

function shape<T>(alternatives: Partial<Alternatives>): Shape<T> {
  return { ...nothing, ...alternatives }
}

/** A binary of UTF-8 text. */
export const text = shape<string>({ text: true })
/** A binary of any bytes. */
export const bytes = shape<Uint8Array>({ bytes: true })
/** An integer of at most 2^53 - 1 either way. */
export const int = shape<number>({ int: true })
/** A float. */
export const real = shape<number>({ real: true })
/** Any atom, as a string. */
export const atom = shape<string>({ anyAtom: true })
/** Any atom, as `{ atom }`. */
export const symbol = shape<{ readonly atom: string }>({ symbol: true })
/** Any term; nil is the empty list. */
export const term = shape<TermMark>({ term: true, nil: true, fallback: emptyList })

/** One of the listed integers. */
export function ints<const N extends number>(...allowed: readonly N[]): Shape<N> {
  return shape<N>({ int: true, ints: allowed })
}

/** One of the listed atoms. */
export function atoms<const A extends string>(...names: readonly A[]): Shape<A> {
  return atomsAs(names, {}, {})
}

/**
 * Listed atoms of one dialect.
 * @param renamed wire atoms that have another name in the canonical form; holds both ways
 * @param sent canonical atoms the dialect has no atom for, and what is sent in their place; holds only outward
 */
export function atomsAs<const A extends string, const R extends Partial<Record<A, string>>>(
  names: readonly A[],
  renamed: R,
  sent: Readonly<Record<string, A>>,
): Shape<Exclude<A, keyof R> | Extract<R[keyof R], string>> {
  const changed: Readonly<Record<string, string | undefined>> = renamed
  const received = new Map(names.map((name) => [name as string, changed[name] ?? name]))
  return shape({ atoms: atomSet(names, received, new Map(Object.entries(sent))) })
}

function atomSet(wire: readonly string[], received: ReadonlyMap<string, string>, extra: ReadonlyMap<string, string>): AtomSet {
  const sent = new Map<string, string>()
  for (const name of wire) if (received.get(name) === name) sent.set(name, name)
  for (const [name, meaning] of received) if (!sent.has(meaning)) sent.set(meaning, name)
  for (const [meaning, name] of extra) sent.set(meaning, name)
  return { wire, received, sent, index: nameIndex(received) }
}

/** A list; nil is the empty one. */
export function listOf<T>(element: Shape<T>): Shape<readonly T[]> {
  return shape({ list: element, nil: true, fallback: emptyList })
}

/** A tuple of exactly these elements. */
export function tuple<const Items extends readonly Shape[]>(
  ...items: Items
): Shape<Tuple<{ readonly [I in keyof Items]: Carried<Items[I]> }>> {
  return shape({ tuples: [items] })
}

/** One of the named records. A room key may also arrive under its old name, `group`. */
export function rec<const Tag extends string>(...tags: readonly Tag[]): Shape<Ref<Tag>> {
  return shape({ records: tags.flatMap((tag) => (tag === 'muc' ? ['muc', 'group'] : [tag])) })
}

/** Any of the given shapes. */
export function or<const Shapes extends readonly Shape[]>(...shapes: Shapes): Shape<Carried<Shapes[number]>> {
  return shape(shapes.reduce<Alternatives>(merge, nothing))
}

function merge(a: Alternatives, b: Alternatives): Alternatives {
  return {
    nil: a.nil || b.nil,
    text: a.text || b.text,
    bytes: a.bytes || b.bytes,
    int: a.int || b.int,
    ints: a.ints ?? b.ints,
    real: a.real || b.real,
    atoms: a.atoms ?? b.atoms,
    anyAtom: a.anyAtom || b.anyAtom,
    symbol: a.symbol || b.symbol,
    term: a.term || b.term,
    list: a.list ?? b.list,
    tuples: [...a.tuples, ...b.tuples],
    records: [...a.records, ...b.records],
    fallback: a.fallback ?? b.fallback,
  }
}

/** The shape, or `[]`, which is null. */
export function maybe<T>(inner: Shape<T>): Shape<T | null> {
  return { ...inner, nil: true }
}

/** The shape, which a peer must give; null only where our own code has left it out. */
export function must<T>(inner: Shape<T>): Shape<T | null> {
  return inner
}

/** The shape with another value where the field is not given. */
export function preset<T>(inner: Shape<T>, fallback: T): Shape<T> {
  return { ...inner, fallback }
}

/** The value of a field that is `[]`, null or left out. */
export function notGiven(field: Shape): unknown {
  if (field.list !== null || field.term) return emptyList
  return field.nil ? null : field.fallback
}

/** Whether a peer has to give the field. */
export function isRequired(field: Shape): boolean {
  return field.fallback === null && !field.nil
}

export type Carried<S> = S extends Shape<infer T> ? T : never

/** The fields of a record in their order. */
export type Layout = readonly (readonly [name: string, shape: Shape])[]

export function layout<const L extends Layout>(...fields: L): L {
  return fields
}
