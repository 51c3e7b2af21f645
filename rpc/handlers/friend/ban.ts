import { accept, type Outcome, refuse } from '../../outcome.js'
import { areFriends, banned, isEntry, unbanned } from './contact-state.js'
import { answerPair, type FriendStep, pairAnswer, pushToFriend, pushToSelf, putPair } from './friend-request.js'

/**
 * Bars the other, whatever they were to each other; that is remembered for the day the ban is lifted. He is told if he has a contact of the
 * caller.
 * @see docs/protocol/rpc.md 9, Friend/ban
 */
export function banContact(step: FriendStep): Outcome {
  const { self, friend, friendExists, pair } = step.facts
  if (self === friend) return refuse('invalid_data', 'nobody bans himself')
  if (!friendExists) return answerPair({ own: false, other: false })
  const other = isEntry(pair.other)
  if (pair.own?.bans === true) return answerPair({ own: true, other })
  const after = banned(pair, step.now)
  return accept({
    puts: putPair(step.facts, after),
    sends: [
      pairAnswer({ own: true, other }),
      pushToSelf(step, after, 'banned'),
      ...(other ? [pushToFriend(step, after, 'banned_by')] : []),
    ],
  })
}

/**
 * Lifts the ban: friends are friends again, of anything else nothing is left. While the other bans too, only the caller is told and nothing
 * returns.
 * @see docs/protocol/rpc.md 9, Friend/unban
 */
export function unbanContact(step: FriendStep): Outcome {
  const { self, friend, pair } = step.facts
  if (self === friend) return refuse('invalid_data', 'nobody bans himself')
  if (pair.own?.bans !== true) return answerPair({ own: false, other: false })
  const other = isEntry(pair.other)
  const after = unbanned(pair, step.now)
  const status = areFriends(after) ? 'unbanned' : 'unbanned_stranger'
  const isStillBarred = after.own?.isBanned === true
  return accept({
    puts: putPair(step.facts, after),
    sends: [
      pairAnswer({ own: true, other }),
      pushToSelf(step, after, status),
      ...(other && !isStillBarred ? [pushToFriend(step, after, status)] : []),
    ],
  })
}
