/** What subscriptions come to: pure, of modes alone. @see docs/protocol/tinode.md 6.3 to 6.6 */
import { has, hasAny, isAdmin, isSharer, type Mode, noRights, rights, without } from './modes.js'

const { join, approve, erase, owner } = rights

/** What the two sides of a subscription say; what counts is what both say. */
export interface Relation {
  readonly want: Mode
  readonly given: Mode
}

/** What counts. */
export function modeOf({ want, given }: Relation): Mode {
  return want & given
}

/** JRWPAD: what there is in a chat between two. */
export const privateRights: Mode = rights.join | rights.read | rights.write | rights.presence | rights.approve | rights.erase
/** JRWPS */
const groupRights: Mode = rights.join | rights.read | rights.write | rights.presence | rights.share
/** JRWPAS */
const userRights: Mode = groupRights | approve

export interface Defaults {
  readonly auth: Mode
  readonly anon: Mode
}

/** JRWPASD for everybody who has logged in, nothing for others. */
export const newUserDefaults: Defaults = { auth: userRights | erase, anon: noRights }
export const groupDefaults: Defaults = { auth: groupRights, anon: noRights }
/** Of a channel: nobody joins it unasked. */
export const channelDefaults: Defaults = { auth: without(groupRights, join), anon: noRights }

/** Of a user, as he gives them with his account. */
export function givenDefaults({ auth, anon }: Defaults): Defaults {
  return { auth: orNothing(auth & privateRights), anon: orNothing(anon & privateRights) }
}

/** Of a user, as he sets them later. */
export function changedDefaults({ auth, anon }: Defaults): Defaults {
  return { auth: orNothing(auth & userRights), anon: orNothing(anon & privateRights) }
}

/** Of a group, as its owner sets them: nobody becomes an owner by default. */
export function groupDefaultsOf(mode: Mode): Mode {
  return without(mode, owner)
}

/** A user may always be asked, unless nothing is allowed. */
function orNothing(mode: Mode): Mode {
  return mode === noRights ? noRights : mode | approve
}

/** In a chat between two nobody is more, and each may always be asked. */
export function privately(mode: Mode): Mode {
  return (mode & privateRights) | approve
}

export interface PrivateChat {
  /** What the other gives to who asks, for his level. */
  readonly othersDefault: Mode
  /** What who asks gives by default. */
  readonly ownDefault: Mode
  /** What he gives in this chat. */
  readonly gives?: Mode
  /** What he wants of it. */
  readonly wants?: Mode
}

/** Somebody subscribes to a user. @returns `denied` if that one does not let him */
export function newPrivateChat({
  othersDefault,
  ownDefault,
  gives,
  wants,
}: PrivateChat): { readonly asker: Relation; readonly other: Relation } | 'denied' {
  if (!has(othersDefault, join)) return 'denied'
  const givenToOther = privately(gives ?? ownDefault)
  const wantOfAsker = wants === undefined ? givenToOther : privately(wants) | join
  return { asker: { want: wantOfAsker, given: othersDefault }, other: { want: privately(othersDefault), given: givenToOther } }
}

/** Why something is refused, by the code of its ctrl. */
export type Denied = 303 | 304 | 400 | 403 | 422

export interface OwnSubscription {
  readonly kind: 'private' | 'group'
  /** What he says now; undefined where he says nothing. */
  readonly asked?: Mode
  /** What is given by default to one of his level. */
  readonly byDefault: Mode
  /** What was before; undefined where there was never anything. */
  readonly before?: Relation
  /** He has a subscription: it has not ended, if there was one. */
  readonly isSubscribed: boolean
  /** There is no room for one more. */
  readonly isFull: boolean
}

/** What an own subscription comes to. `takesOver`: he is the owner from now on, and the former one is not. `evicts`: his sessions leave the topic. */
export interface Subscribed {
  readonly relation: Relation
  readonly takesOver: boolean
  readonly evicts: boolean
}

/** `{sub}`, or `{set sub}` without a user. */
export function subscribeSelf(asking: OwnSubscription): Subscribed | Denied {
  return asking.isSubscribed && asking.before !== undefined ? changeSelf(asking, asking.before) : joinSelf(asking)
}

function joinSelf({ kind, asked, byDefault, before, isFull }: OwnSubscription): Subscribed | Denied {
  if (kind === 'group' && isFull) return 422
  // To leave does not wash a ban off.
  const given = before?.given ?? byDefault
  if (!has(given, join)) return 403
  const want = kind === 'private' ? privately(asked ?? before?.want ?? byDefault) : (asked ?? byDefault)
  return { relation: { want, given }, takesOver: false, evicts: !has(want, join) }
}

function changeSelf({ kind, asked, byDefault }: OwnSubscription, before: Relation): Subscribed | Denied {
  const isOwner = has(modeOf(before), owner)
  let { want, given } = before
  if (asked !== undefined) {
    if (isOwner && !has(asked, owner | join)) return 403
    if (!has(given, owner) && has(asked, owner)) return 403
    if (has(given, owner) && has(asked, owner)) given |= asked
    else if (kind === 'group' && isAdmin(given) && isAdmin(asked)) given |= without(asked, erase)
    want = kind === 'private' ? privately(asked) : asked
  } else if (!has(want, join)) {
    // He had left by himself, and comes back.
    want = given | byDefault
  }
  if (!has(given, join)) return 403
  return { relation: { want, given }, takesOver: has(want & given, owner) && !isOwner, evicts: !has(want, join) }
}

/** What is left to an owner whom somebody else has followed. */
export function formerOwner({ want, given }: Relation): Relation {
  return { want: without(want, owner), given: without(given, owner) }
}

export interface OthersSubscription {
  readonly kind: 'private' | 'group'
  /** Of who asks. */
  readonly own: Mode
  /** What he gives; undefined where he only invites. */
  readonly gives?: Mode
  /** What a member of the topic has by default. */
  readonly byDefault: Mode
  /** What the other gives by default to those who ask him. */
  readonly othersDefault: Mode
  readonly before?: Relation
  readonly isSubscribed: boolean
  readonly isFull: boolean
}

/** `{set sub}` of somebody else. `evicts`: his sessions leave the topic. */
export function subscribeOther(asking: OthersSubscription): { readonly relation: Relation; readonly evicts: boolean } | Denied {
  const { kind, own, gives, before, isSubscribed } = asking
  if (!isSharer(own)) return 403
  const given = gives === undefined ? undefined : kind === 'private' ? privately(gives) : gives
  if (given !== undefined && !isAdmin(own)) return 403
  if (given !== undefined && has(given, owner) && !has(own, owner)) return 403
  return isSubscribed && before !== undefined ? changeOther(before, given) : invite(asking, given)
}

function invite(
  { byDefault, othersDefault, before, isFull }: OthersSubscription,
  gives: Mode | undefined,
): { readonly relation: Relation; readonly evicts: boolean } | Denied {
  if (isFull) return 422
  const given = gives ?? byDefault | join
  const want = before?.want ?? othersDefault & given
  // He takes no invitations.
  if (!hasAny(want, join)) return 403
  return { relation: { want, given }, evicts: false }
}

function changeOther(before: Relation, given: Mode | undefined): { readonly relation: Relation; readonly evicts: boolean } | Denied {
  if (given === undefined || given === before.given) return 304
  if (has(modeOf(before), owner) && !has(given, owner | join)) return 403
  return { relation: { want: before.want, given }, evicts: !has(given, join) }
}
