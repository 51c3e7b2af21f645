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
  const given: Readonly<Record<string, unknown>> = fields
  const made: Record<string, unknown> = { tag }
  const canonical: Layout = recordTable[tag].canonical
  for (const [name, shape] of canonical) made[name] = name in given && given[name] !== undefined ? given[name] : shape.fallback
  // every field of the canonical layout has just been set from the caller's checked value or from its default
  return made as RecordOf<T>
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
