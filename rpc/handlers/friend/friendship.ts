import { record } from '../../../protocol/index.js'
import { p2pTopic, type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { askerLists, contacts, listedBy, type MessageDocument } from '../../documents/index.js'
import { accept, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { partialContact } from '../../views/contact-view.js'
import { hasAskedLately, withAsker } from './askers.js'
import { type Acquaintance, areFriends, asked, befriended, inState, openState, strangers } from './contact-state.js'
import { answerPair, type FriendStep, pairAnswer, pushToFriend, pushToSelf, putPair } from './friend-request.js'

/**
 * Asks for friendship; if the other has asked already, becomes friends with him.
 * @refuses `invalid_data` for oneself, for what is pending or done, and while one bans the other oneself; `contact_not_found` if there is no
 *   such roster; `not_authorized` while he bans the caller
 * @see docs/protocol/rpc.md 9, Friend/request
 */
export function requestFriendship(step: FriendStep): Outcome {
  const { self, friend, friendExists, pair, bans } = step.facts
  if (phoneOf(self) === phoneOf(friend)) return refuse('invalid_data', 'the other is a roster of the same phone', 'yourself')
  if (bans.own !== null) return refuse('invalid_data', 'the caller bans the other', 'bans-other')
  if (!friendExists) return refuse('contact_not_found', 'no such roster')
  if (bans.other !== null) return refuse('not_authorized', 'the other bans the caller')
  switch (openState(pair.own)) {
    case 'friend':
      return refuse('invalid_data', 'friends already', 'friends-already')
    case 'request':
      if (openState(pair.other) === 'authorization') return refuse('invalid_data', 'asked already', 'asked-already')
      // Nothing is left of a request that gave way to later ones.
      if (pair.other?.state !== 'ignore') return ask(step)
      // He who was ignored may ask again; he is told the same, and the other is not told (Friend/request).
      return accept({ sends: [pushToSelf(step, pair, 'request')] })
    case 'authorization':
    case 'ignore':
      return confirmFriendship(step)
    case 'internal':
    case 'none':
      // His own request may have given way to later ones, and he still waits.
      return isAsking(pair) ? befriend(step) : ask(step)
  }
}

function ask(step: FriendStep): Outcome {
  const after = asked(step.facts.pair, step.now)
  const { self, friend, pair, askers = { list: [], limit: Infinity } } = step.facts
  const asker = { from: self, at: step.now, isKnown: pair.other?.state === 'internal' }
  const { list, givesWay } = withAsker(askers.list, asker, askers.limit)
  const notice = hasAskedLately(askers.list, self, step.now)
    ? undefined
    : ({ kind: 'request', from: self, feed: p2pTopic(self, friend) } as const)
  return accept({
    puts: [
      ...putPair(step.facts, after),
      askerLists.put(list, friend, 'list'),
      ...(givesWay === undefined ? [] : [contacts.remove(friend, givesWay)]),
    ],
    sends: [
      pushToSelf(step, after, 'request'),
      fromStranger(pushToFriend(step, after, 'authorization', notice)),
      ...(givesWay === undefined ? [] : [fromStranger(tellGaveWay(friend, givesWay, step.now))]),
    ],
  })
}

/** Tells the devices of the one who was asked; the one who asked is not told, and may ask again. */
function tellGaveWay(owner: PhoneId, asker: PhoneId, now: number): Send & { readonly to: 'phones' } {
  const phone = phoneOf(owner)
  return push(sesTopic(phone), [phone], partialContact(asker, { update: now, status: 'revoke' }))
}

/** Takes one place in an inbox, whoever else has asked. */
function fromStranger(send: Send & { readonly to: 'phones' }): Send {
  return { ...send, isFromStranger: true }
}

/**
 * Accepts a request. The answer is a pair and never an error; without a request both sides are `contacts_not_found`.
 * @see docs/protocol/rpc.md 9, Friend/confirm
 */
export function confirmFriendship(step: FriendStep): Outcome {
  const { self, friend, pair } = step.facts
  if (self === friend) return refuse('invalid_data', 'nobody asks himself', 'yourself')
  if (areFriends(pair)) return answerPair({ own: true, other: true })
  const wasAsked = isAsked(pair)
  if (wasAsked && isAsking(pair)) return befriend(step)
  if (wasAsked) return keepAsEntry(step)
  return answerPair({ own: false, other: pair.own === undefined && isAsking(pair) })
}

function isAsked({ own }: Acquaintance): boolean {
  const state = openState(own)
  return state === 'authorization' || state === 'ignore'
}

function isAsking({ other }: Acquaintance): boolean {
  return openState(other) === 'request'
}

function befriend(step: FriendStep): Outcome {
  const { self, friend, pair } = step.facts
  const after = befriended(pair, step.now)
  const topic = p2pTopic(self, friend)
  return accept({
    puts: putPair(step.facts, after),
    appends: [{ message: greeting(self, friend, step.now), isCountable: false }],
    sends: [
      pairAnswer({ own: true, other: true }),
      pushToSelf(step, after, 'friend'),
      pushToFriend(step, after, 'friend'),
      { to: 'phones', topic, phones: [phoneOf(self), phoneOf(friend)], payload: { kind: 'message', append: 0 } },
    ],
  })
}

/** The one who asked is gone: what is left of his request becomes an address-book entry, for a friendship has two sides. */
function keepAsEntry(step: FriendStep): Outcome {
  const after = { own: inState(step.facts.pair.own, 'internal', step.now), other: step.facts.pair.other }
  const { self, friend } = step.facts
  return accept({
    puts: [...putPair(step.facts, after), listedBy.put(true, friend, self)],
    sends: [pairAnswer({ own: true, other: false })],
  })
}

/** The system message that starts the feed of new friends. @see docs/protocol/flows.md 2, step 10 */
function greeting(from: PhoneId, to: PhoneId, now: number): MessageDocument {
  return {
    feed: p2pTopic(from, to),
    msgId: null,
    from,
    to,
    created: now,
    files: [record('Desc', { id: 'd', payload: '' })],
    type: [],
    link: null,
    seenby: [],
    repliedby: [],
    mentioned: [],
    status: 'internal',
    isEdited: false,
    hiddenFrom: [],
  }
}

/**
 * Withdraws a request, declines one, or ends a friendship; the history stays.
 * @refuses `contact_not_found` in any other state
 * @see docs/protocol/rpc.md 9, Friend/revoke
 */
export function revokeFriendship(step: FriendStep): Outcome {
  const { self, friend, friendExists, pair } = step.facts
  if (self === friend) return refuse('invalid_data', 'the chat with oneself stays', 'yourself')
  const state = openState(pair.own)
  if (state !== 'request' && state !== 'authorization' && state !== 'friend') {
    return refuse('contact_not_found', 'nothing to revoke', friendExists ? undefined : 'no-such-person')
  }
  const told = pushToFriend(step, strangers, 'revoke')
  return accept({
    puts: putPair(step.facts, strangers),
    sends: [pushToSelf(step, strangers, 'revoke'), state === 'request' ? fromStranger(told) : told],
  })
}

/** Puts a request aside; the one who asked is not told. @see docs/protocol/rpc.md 9, Friend/ignore */
export function ignoreRequest(step: FriendStep): Outcome {
  const { pair } = step.facts
  const state = openState(pair.own)
  if (state !== 'authorization' && state !== 'ignore') return refuse('contact_not_found', 'nobody asks')
  const after = { own: inState(pair.own, 'ignore', step.now), other: pair.other }
  return accept({ puts: putPair(step.facts, after), sends: [pushToSelf(step, after, 'ignore')] })
}
