import type { PhoneId } from '../../topics/index.js'
import type { Feature } from '../../protocol/index.js'
import { jsonRows } from './json-rows.js'
import { table } from './table.js'

/** One identity of an account, keyed by its phone_id. */
export interface RosterDocument {
  readonly id: number
  readonly names: string | null
  readonly surnames: string | null
  readonly email: string | null
  readonly nick: string | null
  readonly avatar: string | null
  readonly created: number
  readonly update: number
}

/**
 * What a roster holds of another one. Bans are flags beside the state, so that lifting a ban gives the state before it back
 * (`rpc.md` 9): shown as `banned` where the owner bans, `ban` where the other bans the owner.
 */
export interface ContactDocument {
  readonly state: 'friend' | 'request' | 'authorization' | 'ignore' | 'internal' | 'none'
  /** The owner of this contact bans the other. */
  readonly bans: boolean
  /** The other bans the owner of this contact. */
  readonly isBanned: boolean
  readonly isMuted: boolean
  readonly settings: readonly Feature[]
  readonly created: number
  readonly update: number
  /** As whom the other is shown while a ban parts the two; left out where there is none. */
  readonly shownAs?: ShownAs
}

/** What somebody was called when a ban was made, and his avatar: what he calls himself later is told to nobody on the other side. */
export type ShownAs = Pick<RosterDocument, 'names' | 'surnames' | 'nick' | 'avatar'>

export function shownAs({ names, surnames, nick, avatar }: RosterDocument): ShownAs {
  return { names, surnames, nick, avatar }
}

type Doc = RosterDocument
type Names = [names: Doc['names'], surnames: Doc['surnames'], email: Doc['email'], nick: Doc['nick'], avatar: Doc['avatar']]
type RosterRow = readonly [id: number, ...Names, created: number, update: number]

const rosterCodec = jsonRows<RosterDocument, RosterRow>(
  ({ id, names, surnames, email, nick, avatar, created, update }) => [id, names, surnames, email, nick, avatar, created, update],
  ([id, names, surnames, email, nick, avatar, created, update]) => ({ id, names, surnames, email, nick, avatar, created, update }),
)

export const rosters = table<[roster: PhoneId], RosterDocument>('roster', rosterCodec)
export const contacts = table<[owner: PhoneId, other: PhoneId], ContactDocument>('contact')
/** Who holds a nick, keyed by the nick in lower case. */
export const nicks = table<[lowerCaseNick: string], PhoneId>('nick')
/**
 * Who has somebody in an address book without his knowing: the way back of contacts that have one side only. A row may outlive its contact,
 * and then means nothing.
 */
export const listedBy = table<[listed: PhoneId, owner: PhoneId], true>('listed')
