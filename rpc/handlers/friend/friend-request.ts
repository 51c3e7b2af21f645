import { type Contact, err, errorSide, type Friend, okSide, record, type RecordOf } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { parsePhoneId, type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { askAbout, readPeopleBudgets } from '../../budgets/people-budget.js'
import { contacts, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { Notice } from '../../runtime/outbox/notice.js'
import { accept, answer, type Outcome, push, refuse, type Refused, type Send } from '../../outcome.js'
import { type Handler, handler, ownRosters, type Request } from '../../request.js'
import { contactView } from '../../views/contact-view.js'
import { readAskers } from './askers.js'
import { type Acquaintance, isEntry } from './contact-state.js'
import { type FriendFacts, type Parties, readFriendFacts } from './friend-facts.js'
import { readKin } from './kin.js'

/** One kind of Friend request, decided. */
export interface FriendStep {
  readonly facts: FriendFacts
  readonly now: number
}

type Reading = Refused | { readonly kind: 'friend'; readonly facts: FriendFacts }

/** A handler for one status of Friend: the checks and facts all of them share, then its own decision. */
export function friendHandler(
  decide: (step: FriendStep, asked: Friend) => Outcome,
  { asksAboutStrangers = false, isOfAccounts = false } = {},
): Handler<Friend, Reading> {
  return handler({
    async read(request: Request<Friend>, facts): Promise<Reading> {
      const parties = partiesOf(request)
      if ('kind' in parties) return parties
      const counted = asksAboutStrangers ? await countStranger(request, parties, facts) : noneAsked
      if (counted.kind === 'refused') return counted
      const [self, friend] = await Promise.all([facts.get(rosters, parties.self), facts.get(rosters, parties.friend)])
      if (self === undefined) return refuse('not_authorized', 'the roster has been removed')
      const read = await readFriendFacts(facts, parties, friend !== undefined)
      const kin = isOfAccounts && { kin: await readKin(facts, parties) }
      const askers = request.record.status === 'request' && { askers: await readAskersOf(request, parties.friend, facts) }
      return { kind: 'friend', facts: { ...read, ...kin, ...askers, spent: counted.puts } }
    },
    decide(request, reading): Outcome {
      if (reading.kind === 'refused') return reading
      return withSpent(decide({ facts: reading.facts, now: request.now }, request.record), reading.facts.spent ?? [])
    },
  })
}

async function readAskersOf({ context }: Request<Friend>, friend: PhoneId, facts: FactReader) {
  const limit = context.limits.pendingRequests
  return { list: await readAskers(facts, friend, limit), limit }
}

const noneAsked = { kind: 'spent', puts: [] } as const

/** Who is no entry of the caller's may not exist, and is shown by the answer. @refuses `attempts_expired` */
async function countStranger(request: Request<Friend>, { self, friend }: Parties, facts: FactReader) {
  if (isEntry(await facts.peek(contacts, self, friend))) return noneAsked
  return askAbout(await readPeopleBudgets(request, facts), 1, request.now)
}

/** The outcome with what was used of a budget: a refusal tells something too, and is answered as it would be otherwise. */
function withSpent(outcome: Outcome, spent: readonly Put[]): Outcome {
  if (spent.length === 0 || outcome.kind === 'dropped') return outcome
  if (outcome.kind === 'accepted') return { ...outcome, puts: [...outcome.puts, ...spent] }
  return { ...accept({ puts: spent, sends: [answer(outcome.answer ?? err(outcome.code))] }), refused: outcome }
}

function partiesOf({ record: { phone_id, friend_id }, caller }: Request<Friend>): Parties | Refused {
  const friend = parsePhoneId(friend_id ?? '')
  if (friend === undefined) return refuse('invalid_data', 'friend_id is not a phone_id')
  const self = ownRosters(caller).find((roster) => roster === phone_id)
  return self === undefined ? refuse('not_authorized', 'phone_id is not own') : { self, friend }
}

/** Stores both sides; a side that holds nothing is removed. */
export function putPair({ self, friend }: Parties, { own, other }: Acquaintance): readonly [own: Put, other: Put] {
  return [
    own === undefined ? contacts.remove(self, friend) : contacts.put(own, self, friend),
    other === undefined ? contacts.remove(friend, self) : contacts.put(other, friend, self),
  ]
}

/** The full Contact of the friend to all devices of the caller, as it stands after the request. */
export function pushToSelf(step: FriendStep, after: Acquaintance, status: Contact['status']): Send {
  const { self, shownToSelf } = step.facts
  return pushContact(self, undefined, { ...contactView({ ...shownToSelf, contact: after.own }), update: step.now, status })
}

/** The full Contact of the caller to all devices of the friend. */
export function pushToFriend(
  step: FriendStep,
  after: Acquaintance,
  status: Contact['status'],
  notice?: Notice,
): Send & { readonly to: 'phones' } {
  const { friend, shownToFriend } = step.facts
  return pushContact(friend, notice, { ...contactView({ ...shownToFriend, contact: after.other }), update: step.now, status })
}

function pushContact(receiver: PhoneId, notice: Notice | undefined, contact: Contact): Send & { readonly to: 'phones' } {
  const phone = phoneOf(receiver)
  return push(sesTopic(phone), [phone], contact, notice)
}

/** Whether each side holds a contact of the other, as the pair answer of confirm, ban and unban tells it. */
export interface PairAnswer {
  readonly own: boolean
  readonly other: boolean
}

/** `{io,OwnSide,OtherSide}`; nothing on either side has an atom of its own. @see docs/protocol/rpc.md 9 */
export function pairAnswer({ own, other }: PairAnswer): Send {
  const missing = own || other ? 'contact_not_found' : 'contacts_not_found'
  const sideOf = (isThere: boolean): RecordOf<'ok' | 'error'> => (isThere ? okSide('added') : errorSide(missing))
  return answer(record('io', { code: sideOf(own), data: sideOf(other) }))
}

/** The pair answer alone: nothing changes. */
export function answerPair(pair: PairAnswer): Outcome {
  return accept({ sends: [pairAnswer(pair)] })
}
