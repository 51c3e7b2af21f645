import { type Feature, record } from '../../../protocol/index.js'
import { type ContactDocument, type RosterDocument, shownAs } from '../../documents/index.js'

/**
 * The two sides of an acquaintance, and how requests move it.
 *
 * A state and two ban flags stand on each side. `request` and `authorization` (or `ignore`) face each other, `friend` faces `friend`;
 * `internal` and `none` face anything. `bans` on one side is `isBanned` on the other, and both are what the accounts' bans say
 * (`partings`); a ban leaves the states alone, so that lifting it finds them as they were. A side is absent once it would hold neither a state
 * nor a flag.
 * @see docs/protocol/rpc.md 9
 */
export interface Acquaintance {
  /** What the acting roster holds of the other. */
  readonly own: ContactDocument | undefined
  /** What the other holds of the acting roster. */
  readonly other: ContactDocument | undefined
}

export type ContactState = ContactDocument['state']

const unknown: ContactDocument = { state: 'none', bans: false, isBanned: false, isMuted: false, settings: [], created: 0, update: 0 }

/** A new side in a state; what else it holds is kept from `before`. */
export function inState(before: ContactDocument | undefined, state: ContactState, now: number): ContactDocument {
  return { ...(before ?? { ...unknown, created: now }), state, update: now }
}

export function isBarred(side: ContactDocument | undefined): boolean {
  return side !== undefined && (side.bans || side.isBanned)
}

/** The state, which is void while there is a ban either way. */
export function openState(side: ContactDocument | undefined): ContactState {
  return side === undefined || isBarred(side) ? 'none' : side.state
}

/** Whether a side is an entry of its owner's: more than the mark of being banned by a stranger. */
export function isEntry(side: ContactDocument | undefined): side is ContactDocument {
  return side !== undefined && (side.state !== 'none' || side.bans)
}

export function asked(pair: Acquaintance, now: number): Acquaintance {
  return { own: inState(pair.own, 'request', now), other: inState(pair.other, 'authorization', now) }
}

export function befriended(pair: Acquaintance, now: number): Acquaintance {
  return { own: inState(pair.own, 'friend', now), other: inState(pair.other, 'friend', now) }
}

/** Nothing is left between the two. Only for pairs without a ban. */
export const strangers: Acquaintance = { own: undefined, other: undefined }

/**
 * The pair that was named in a ban: it becomes an entry of the acting roster.
 * @param isBanned the other account bans his, too; then nothing comes to be on its side that was not there
 */
export function banned(pair: Acquaintance, isBanned: boolean, people: People, now: number): Acquaintance {
  const mark = pair.other === undefined && isBanned ? undefined : inState(pair.other, pair.other?.state ?? 'none', now)
  return {
    own: frozen({ ...inState(pair.own, pair.own?.state ?? 'none', now), bans: true, isBanned }, people.friend),
    other: mark && frozen({ ...mark, isBanned: true, bans: isBanned }, people.self),
  }
}

/** The two rosters of a pair, as they are called now; undefined for one that is gone. */
export interface People {
  readonly self: RosterDocument | undefined
  readonly friend: RosterDocument | undefined
}

/** A side with the other as he is called now, unless an earlier ban has kept that. */
function frozen(side: ContactDocument, other: RosterDocument | undefined): ContactDocument {
  return other === undefined ? side : { ...side, shownAs: side.shownAs ?? shownAs(other) }
}

/** A pair of other rosters of two accounts of which the acting one bans the other: what is there of it is marked. */
export function parted({ own, other }: Acquaintance, people: People, now: number): Acquaintance {
  return {
    own: own && frozen({ ...own, bans: true, update: now }, people.friend),
    other: other && frozen({ ...other, isBanned: true, update: now }, people.self),
  }
}

/** The acting roster's ban is lifted. Friends are friends again; of anything else nothing is left, unless the other bans too. */
export function unbanned(pair: Acquaintance, now: number): Acquaintance {
  const own = pair.own && thawed({ ...pair.own, bans: false, update: now })
  const other = pair.other && thawed({ ...pair.other, isBanned: false, update: now })
  if (own?.isBanned === true || other?.bans === true || areFriends({ own, other })) return { own, other }
  return strangers
}

/** A side without a ban shows the other as he is called now. */
function thawed(side: ContactDocument): ContactDocument {
  if (isBarred(side)) return side
  const { shownAs: _, ...rest } = side
  return rest
}

/** Friends, and no ban either way. */
export function areFriends({ own, other }: Acquaintance): boolean {
  return openState(own) === 'friend' && openState(other) === 'friend'
}

/** The side with `changes` merged into its settings by key and group; an empty value deletes. @see docs/protocol/rpc.md 9, Friend/update */
export function withSettings(side: ContactDocument, changes: readonly Feature[], now: number): ContactDocument {
  const settings = new Map(side.settings.map((feature) => [settingKey(feature), feature]))
  for (const feature of changes) {
    if (feature.value === null || feature.value === '') settings.delete(settingKey(feature))
    else settings.set(settingKey(feature), feature)
  }
  return { ...side, settings: [...settings.values()], isMuted: settings.has(settingKey(muteSetting)), update: now }
}

/** Stands in the settings of a muted contact, where all devices of its owner find it. @see docs/decisions/0071-mute-is-a-setting.md */
const muteSetting: Feature = record('Feature', { key: 'MUTE', value: 'true', group: 'PUSH_SETTINGS' })

export function muted(side: ContactDocument, now: number): ContactDocument {
  return withSettings(side, [muteSetting], now)
}

export function unmuted(side: ContactDocument, now: number): ContactDocument {
  return withSettings(side, [{ ...muteSetting, value: '' }], now)
}

function settingKey({ key, group }: Feature): string {
  return `${group ?? ''}\u0000${key ?? ''}`
}
