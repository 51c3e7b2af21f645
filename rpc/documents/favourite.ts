import type { PhoneId } from '../../topics/index.js'
import type { MessageDocument } from './message.js'
import { table } from './table.js'

/** A mark for favourites, chosen by the owner of a roster. Its name is unique in the roster. */
export interface TagDocument {
  /** Unique among all rosters of the profile, so that a tag may be named without its roster. */
  readonly id: number
  readonly name: string
  /** Empty where none was chosen. */
  readonly color: string
}

/** The tags of a roster in the order of their making. */
export interface TagsDocument {
  readonly lastId: number
  readonly tags: readonly TagDocument[]
}

/** A favourite: a message as it stood when it was starred. */
export interface StarDocument {
  readonly message: MessageDocument
  /** Id of the message before it in its feed, 0 if there was none. */
  readonly previous: number
  /** Ids of tags. Those that are no longer among the tags of the roster are passed over; ids are not used again. */
  readonly tags: readonly number[]
  /** As the device named it. */
  readonly clientId: string | null
  readonly created: number
  /** Of the copied message, counted against the limit of the roster. */
  readonly bytes: number
}

/** How much the stars of a roster come to. */
export interface StarTotals {
  readonly count: number
  readonly bytes: number
}

export const tagLists = table<[owner: PhoneId], TagsDocument>('tags')
/** The id of a star is that of its message: a roster stars a message once. */
export const stars = table<[owner: PhoneId, message: string], StarDocument>('star')
export const starTotals = table<[owner: PhoneId], StarTotals>('stars')
