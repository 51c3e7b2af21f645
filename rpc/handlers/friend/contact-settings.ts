import type { Contact, Friend } from '../../../protocol/index.js'
import type { ContactDocument } from '../../documents/index.js'
import { isWithinSettings } from '../../merge-features.js'
import { accept, type Accepted, type Outcome, refuse } from '../../outcome.js'
import { contactStatus } from '../../views/contact-view.js'
import { joinOutcomes } from '../room/leave.js'
import { isEntry, muted, openState, unmuted, withSettings } from './contact-state.js'
import { type FriendStep, pushToSelf, putPair } from './friend-request.js'

/** No push notifications for messages of this friend, by whichever roster of his; they arrive and count as before. @see docs/protocol/rpc.md 9, Friend/mute */
export function muteFriend(step: FriendStep): Outcome {
  return changeFriend(step, (side) => muted(side, step.now), 'muted')
}

export function unmuteFriend(step: FriendStep): Outcome {
  return changeFriend(step, (side) => unmuted(side, step.now), 'unmuted')
}

function changeFriend(step: FriendStep, change: (side: ContactDocument) => ContactDocument, status: Contact['status']): Outcome {
  const { facts, now } = step
  if (openState(facts.pair.own) !== 'friend') return refuse('contact_not_found', 'not a friend')
  const kin = (facts.kin ?? []).filter(({ self, pair }) => self === facts.self && openState(pair.own) === 'friend')
  return [facts, ...kin].map((one) => changeOne({ facts: one, now }, change, status)).reduce(joinOutcomes)
}

function changeOne(step: FriendStep, change: (side: ContactDocument) => ContactDocument, status: Contact['status']): Accepted {
  const { own } = step.facts.pair
  return own === undefined ? accept({}) : storeOwn(step, change(own), status)
}

/** Merges settings into the caller's contact, in whatever state it is. @see docs/protocol/rpc.md 9, Friend/update */
export function updateContact(step: FriendStep, asked: Pick<Friend, 'settings'>): Outcome {
  const { own } = step.facts.pair
  if (!isEntry(own)) return refuse('contact_not_found', 'no such contact')
  const changed = withSettings(own, asked.settings, step.now)
  if (!isWithinSettings(changed.settings)) return refuse('invalid_data', 'too many settings')
  return storeOwn(step, changed, contactStatus(own))
}

function storeOwn(step: FriendStep, own: ContactDocument, status: Contact['status']): Accepted {
  const after = { ...step.facts.pair, own }
  const [put] = putPair(step.facts, after)
  return accept({ puts: [put], sends: [pushToSelf(step, after, status)] })
}
