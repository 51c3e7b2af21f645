import type { Put } from '../../../store/contract.js'
import { phoneOf } from '../../../topics/index.js'
import { listedBy, type PartingDocument } from '../../documents/index.js'
import { accept, type Outcome, refuse, type Send } from '../../outcome.js'
import { putBans } from '../../views/parting.js'
import { type Acquaintance, areFriends, banned, isEntry, parted, type People, unbanned } from './contact-state.js'
import { answerPair, type FriendStep, pairAnswer, pushToFriend, pushToSelf, putPair } from './friend-request.js'

/**
 * Bars the account of the other from that of the caller, with all rosters of both, whatever they were to each other; that is remembered for the
 * day the ban is lifted. Those who have a contact of the caller are told, unless they ban him themselves.
 * @see docs/protocol/rpc.md 9, Friend/ban; docs/decisions/0213-a-ban-is-between-two-people.md
 */
export function banContact(step: FriendStep): Outcome {
  const { self, friend, friendExists, pair, bans } = step.facts
  if (phoneOf(self) === phoneOf(friend)) return refuse('invalid_data', 'nobody bans himself', 'yourself')
  if (!friendExists) return answerPair({ own: false, other: false })
  const other = isEntry(pair.other)
  if (pair.own?.bans === true) return answerPair({ own: true, other })
  const after = banned(pair, bans.other !== null, peopleIn(step), step.now)
  const answer = pairAnswer({ own: true, other })
  // Banned by way of other rosters: it becomes an entry of this one as well.
  const noted = [...putPair(step.facts, after), ...(after.other === undefined ? [listedBy.put(true, friend, self)] : [])]
  if (bans.own !== null) return accept({ puts: noted, sends: [answer, pushToSelf(step, after, 'banned')] })
  const kin = kinSteps(step).map((one) => ({ step: one, after: parted(one.facts.pair, peopleIn(one), one.now) }))
  return accept({
    puts: [
      ...noted,
      ...kin.flatMap((one) => putPair(one.step.facts, one.after)),
      ...putBansOf(step, { own: { by: self, at: step.now }, other: bans.other }),
    ],
    sends: [answer, ...tellBanned(step, after), ...kin.flatMap((one) => tellBanned(one.step, one.after))],
  })
}

/** He who bans the caller is not told of what the caller does. */
function tellBanned(step: FriendStep, after: Acquaintance): readonly Send[] {
  const { pair, bans } = step.facts
  return [
    ...(isEntry(after.own) ? [pushToSelf(step, after, 'banned')] : []),
    ...(isEntry(pair.other) && bans.other === null ? [pushToFriend(step, after, 'banned_by')] : []),
  ]
}

/**
 * Lifts the ban: friends are friends again, of anything else nothing is left. While the other bans too, only the caller is told and nothing
 * returns.
 * @see docs/protocol/rpc.md 9, Friend/unban
 */
export function unbanContact(step: FriendStep): Outcome {
  const { self, friend, pair, bans } = step.facts
  if (phoneOf(self) === phoneOf(friend)) return refuse('invalid_data', 'nobody bans himself', 'yourself')
  if (bans.own === null) return answerPair({ own: false, other: false })
  const all = [step, ...kinSteps(step)].map((one) => ({ step: one, after: unbanned(one.facts.pair, one.now) }))
  return accept({
    puts: [...all.flatMap((one) => putPair(one.step.facts, one.after)), ...putBansOf(step, { own: null, other: bans.other })],
    sends: [pairAnswer({ own: true, other: isEntry(pair.other) }), ...all.flatMap((one) => tellUnbanned(one.step, one.after, step))],
  })
}

/** Whoever asked is told of the pair he named, of others where he had an entry. */
function tellUnbanned(step: FriendStep, after: Acquaintance, named: FriendStep): readonly Send[] {
  const { pair, bans } = step.facts
  const status = areFriends(after) ? 'unbanned' : 'unbanned_stranger'
  return [
    ...(step === named || isEntry(pair.own) ? [pushToSelf(step, after, status)] : []),
    ...(isEntry(pair.other) && bans.other === null ? [pushToFriend(step, after, status)] : []),
  ]
}

function peopleIn({ facts: { shownToSelf, shownToFriend } }: FriendStep): People {
  return { self: shownToFriend.roster, friend: shownToSelf.roster }
}

function kinSteps({ facts: { kin = [] }, now }: FriendStep): readonly FriendStep[] {
  return kin.map((facts) => ({ facts, now }))
}

function putBansOf({ facts: { self, friend } }: FriendStep, bans: PartingDocument): readonly Put[] {
  return putBans(phoneOf(self), phoneOf(friend), bans)
}
