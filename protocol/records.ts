import type { Carried, Layout, Ref, Shape, TermMark } from './shape.js'
import { accountTable } from './table-account.js'
import { chatTable } from './table-chat.js'
import { peopleTable } from './table-people.js'
import { serviceTable } from './table-service.js'
import type { Term } from './term.js'

/** Which of the two record layouts a device speaks; v1 from will topic version/1 or none, v11 from version/2 to version/11. */
export type Dialect = 'v1' | 'v11'

/** The one table of records: for each, the canonical form that handlers see and the layout of each dialect (null: has none). */
export const recordTable = { ...accountTable, ...peopleTable, ...chatTable, ...serviceTable } as const

/** The name of a canonical record. (`group` of v1 is not one: it is read as `muc`.) */
export type RecordTag = keyof typeof recordTable

type Resolve<T> =
  T extends Ref<infer Tag>
    ? Tag extends RecordTag
      ? RecordOf<Tag>
      : never
    : T extends TermMark
      ? Term
      : T extends Uint8Array
        ? T
        : T extends readonly (infer Element)[]
          ? readonly Resolve<Element>[]
          : T

/** The TypeScript type of what a shape holds. */
export type Infer<S extends Shape> = Resolve<Carried<S>>

/** The values of a layout's fields, in their order. */
export type Values<L extends Layout> = { readonly [I in keyof L]: Infer<L[I][1]> }

type Fields<L extends Layout> = { readonly [F in L[number] as F[0]]: Infer<F[1]> }

/** The canonical record of that tag: every field present, `null` or `[]` where not given. */
export type RecordOf<T extends RecordTag> = T extends RecordTag
  ? Flat<{ readonly tag: T } & Fields<(typeof recordTable)[T]['canonical']>>
  : never

type Flat<T> = { [K in keyof T]: T[K] }

/** Any canonical record, told apart by `tag`. */
export type AnyRecord = { [T in RecordTag]: RecordOf<T> }[RecordTag]

export const recordTags = Object.keys(recordTable) as readonly RecordTag[]

/** The canonical record with the given fields, the others at their default. */
export function record<T extends RecordTag>(tag: T, fields: Partial<Omit<RecordOf<T>, 'tag'>>): RecordOf<T> {
  // A copy of the record with every field at its default has the shape that all records of this name have.
  const made: Record<string, unknown> = { ...defaultsOf(tag) }
  const given: Readonly<Record<string, unknown>> = fields
  for (const name in given) if (given[name] !== undefined) made[name] = given[name]
  return made as RecordOf<T>
}

const defaults = new Map<RecordTag, AnyRecord>()

/** The record with every field at its default. */
export function defaultsOf(tag: RecordTag): AnyRecord {
  const known = defaults.get(tag)
  if (known !== undefined) return known
  const canonical: Layout = recordTable[tag].canonical
  const made = Object.fromEntries([['tag', tag], ...canonical.map(([name, shape]) => [name, shape.fallback])]) as unknown as AnyRecord
  defaults.set(tag, made)
  return made
}

export type Auth = RecordOf<'Auth'>
export type Person = RecordOf<'Person'>
export type Profile = RecordOf<'Profile'>
export type Service = RecordOf<'Service'>
export type Feature = RecordOf<'Feature'>
export type Presence = RecordOf<'Presence'>
export type Contact = RecordOf<'Contact'>
export type Roster = RecordOf<'Roster'>
export type Friend = RecordOf<'Friend'>
export type Search = RecordOf<'Search'>
export type Star = RecordOf<'Star'>
export type ExtendedStar = RecordOf<'ExtendedStar'>
export type Tag = RecordOf<'Tag'>
export type Muc = RecordOf<'muc'>
export type P2p = RecordOf<'p2p'>
export type Act = RecordOf<'act'>
export type MemberQuery = RecordOf<'mqi'>
export type Message = RecordOf<'Message'>
export type Desc = RecordOf<'Desc'>
export type Typing = RecordOf<'Typing'>
export type History = RecordOf<'History'>
export type Cursor = RecordOf<'Cursor'>
export type Member = RecordOf<'Member'>
export type Room = RecordOf<'Room'>
export type Link = RecordOf<'Link'>
export type Io = RecordOf<'io'>
export type Loc = RecordOf<'Loc'>
export type Cdr = RecordOf<'CDR'>
export type Ftp = RecordOf<'ftp'>
export type Job = RecordOf<'Job'>
export type StickerPack = RecordOf<'StickerPack'>
/** What names a chat: the key of a private chat or of a room. */
export type Feed = P2p | Muc
