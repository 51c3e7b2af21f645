import type { RecordOf } from '../../../protocol/index.js'
import { err, record } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { phoneOf, type PhoneId, type RoomId, roomTopic } from '../../../topics/index.js'
import type { BudgetState } from '../../budgets/budget.js'
import { askAbout, readPeopleBudgets } from '../../budgets/people-budget.js'
import { barred, contacts, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { peekIsParted } from '../../views/parting.js'
import { type MemberRow, memberRecords, readShown, type ShownByRoster } from '../../views/room-view.js'
import { isEntry } from '../friend/contact-state.js'
import { ofSameAccounts, readBarsOf } from './bars.js'
import { maxBarred, readBarred } from './closed-room.js'
import { checkRemoval } from './remove.js'
import { partialRoom, phonesOf, toEach } from './room-push.js'
import { actingMember, changeMembers, enter, type Entered, listedBy, memberOf, readRoomState, type RoomLookup } from './room-state.js'

type Room = RecordOf<'Room'>
type Member = RecordOf<'Member'>

/** What Room/ban and unban rest on. */
export interface BanFacts {
  readonly lookup: RoomLookup
  /** Those listed who exist, and the other rosters of their accounts that are in the room. */
  readonly known: readonly PhoneId[]
  /** Rosters of the accounts listed that are barred now. */
  readonly barredNow: ReadonlySet<PhoneId>
  readonly barredCount: number
  /** Of those in the room. */
  readonly shown: ShownByRoster
  /** Who is told that a bar is lifted: those who were put out by it, but for whom a ban parts from the caller. */
  readonly hearing: readonly PhoneId[]
  /** How many of those listed are neither in the room nor known to the one who asks: he is told whether they exist. */
  readonly strangers: number
  readonly budgets: readonly BudgetState[]
}

/**
 * Removes an account from the room and bars it; who is not in it is barred only, and not told.
 * @see docs/protocol/rpc.md 11, Room/ban; docs/decisions/0220-who-is-in-no-room-hears-nothing-of-it.md
 */
export const banFromRoom = handler<Room, BanFacts>({ read: readBan, decide: decideBan })

/** Lifts the bar; nobody is added. @see docs/protocol/rpc.md 11, Room/unban */
export const unbanFromRoom = handler<Room, BanFacts>({ read: readBan, decide: decideUnban })

const nobody = { known: [], barredNow: new Set<never>(), barredCount: 0, shown: new Map(), hearing: [], strangers: 0, budgets: [] } as const

async function readBan(request: Request<Room>, facts: FactReader): Promise<BanFacts> {
  const { record: asked, caller } = request
  const lookup = await readRoomState(facts, asked.id)
  const actor = typeof lookup === 'string' ? undefined : actingMember(caller, lookup.list)
  if (typeof lookup === 'string' || actor === undefined) return { lookup, ...nobody }
  const listed = listedBy(asked).map(({ phoneId }) => phoneId)
  const existing: PhoneId[] = []
  for (const phoneId of listed) if ((await facts.peek(rosters, phoneId)) !== undefined) existing.push(phoneId)
  const known = [...new Set([...existing, ...ofSameAccounts(lookup.list, existing).map(({ phoneId }) => phoneId)])]
  const barredNow = new Set<PhoneId>()
  for (const phone of new Set(listed.map(phoneOf))) {
    for (const phoneId of await readBarsOf(facts, lookup.id, phone)) barredNow.add(phoneId)
  }
  const barredCount = (await readBarred(facts, lookup.id)).length
  const inside = ofSameAccounts(lookup.list, known).map(({ phoneId }) => phoneId)
  const shown = await readShown(facts, lookup.id, inside)
  const hearing = await readHearing(facts, lookup.id, actor.phoneId, barredNow)
  const strangers = await countStrangers(facts, actor.phoneId, lookup.list, listed)
  const budgets = strangers === 0 ? [] : await readPeopleBudgets(request, facts)
  return { lookup, known, barredNow, barredCount, shown, hearing, strangers, budgets }
}

async function readHearing(facts: FactReader, room: RoomId, actor: PhoneId, barredNow: Iterable<PhoneId>): Promise<readonly PhoneId[]> {
  const hearing: PhoneId[] = []
  for (const phoneId of barredNow) {
    const bar = await facts.peek(barred, room, phoneId)
    if (bar?.wasMember === true && !(await peekIsParted(facts, actor, phoneId))) hearing.push(phoneId)
  }
  return hearing
}

async function countStrangers(facts: FactReader, actor: PhoneId, list: readonly MemberRow[], listed: readonly PhoneId[]): Promise<number> {
  const inside = new Set(list.map(({ phoneId }) => phoneOf(phoneId)))
  let strangers = 0
  for (const phoneId of listed) {
    if (!inside.has(phoneOf(phoneId)) && !isEntry(await facts.peek(contacts, actor, phoneId))) strangers++
  }
  return strangers
}

function decideBan(request: Request<Room>, facts: BanFacts): Outcome {
  const { lookup, known, barredNow, barredCount, shown } = facts
  const entered = enter(request.caller, lookup, 'remove-member')
  if (entered.kind === 'refused') return entered
  const counted = askAbout(facts.budgets, facts.strangers, request.now)
  if (counted.kind === 'refused') return counted
  if (known.length === 0) return answerNobody(counted.puts)
  const { state, actor } = entered
  const { id } = state
  const refused = checkRemoval(
    entered,
    known.flatMap((phoneId) => memberOf(state.list, phoneId) ?? []),
  )
  if (refused !== undefined) return refused
  const newly = known.filter((phoneId) => !barredNow.has(phoneId))
  if (barredCount + newly.length > maxBarred) return refuse('invalid_data', 'too many are barred')
  const { puts } = changeMembers(
    state,
    state.list.filter(({ phoneId }) => !known.includes(phoneId)),
  )
  const removed = known.filter((phoneId) => memberOf(state.list, phoneId) !== undefined)
  const bar = { by: actor.phoneId, at: request.now }
  const bars = newly.map((phoneId) => barred.put(removed.includes(phoneId) ? { ...bar, wasMember: true } : bar, id, phoneId))
  return accept({ puts: [...puts, ...bars, ...counted.puts], sends: barSends(entered, 'ban', { known, shown, hearing: removed }) })
}

/** A refusal that tells something: it is counted, and answered as it would be otherwise. */
function answerNobody(puts: readonly Put[]): Outcome {
  if (puts.length === 0) return refuse('contacts_not_found', 'none of those listed exists')
  return accept({ puts, sends: [answer(err('contacts_not_found'))] })
}

function decideUnban(request: Request<Room>, { lookup, barredNow, shown, hearing }: BanFacts): Outcome {
  const entered = enter(request.caller, lookup, 'unban')
  if (entered.kind === 'refused') return entered
  if (barredNow.size === 0) return refuse('contacts_not_found', 'none of those listed is barred')
  const puts = [...barredNow].map((phoneId) => barred.remove(entered.state.id, phoneId))
  // The stamp makes whoever rests on the room notice.
  return accept({
    puts: [...changeMembers(entered.state, entered.state.list).puts, ...puts],
    sends: barSends(entered, 'unban', { known: [...barredNow], shown, hearing }),
  })
}

/** The same record to the room, those just removed included, and to each of those who were in it: nobody else hears of it. */
function barSends(
  { state: { id, list } }: Entered,
  status: 'ban' | 'unban',
  { known, shown, hearing }: Pick<BanFacts, 'known' | 'shown' | 'hearing'>,
): readonly Send[] {
  const members = known.flatMap((phoneId) => concernedRecord(id, list, phoneId, shown))
  const pushed = partialRoom(id, status, { members })
  return [push(roomTopic(id), phonesOf(list), pushed), ...toEach(hearing, pushed)]
}

function concernedRecord(id: RoomId, list: readonly MemberRow[], phoneId: PhoneId, shown: ShownByRoster): readonly Member[] {
  const inside = memberRecords(id, list, shown, new Set([phoneId]))
  return inside.length > 0 ? inside : [outsider(id, phoneId)]
}

/** A Member record of somebody who is not in the room: who it is. What he is called is for those who know him. */
function outsider(id: RoomId, phoneId: PhoneId): Member {
  return record('Member', { feed_id: record('muc', { name: id }), phone_id: phoneId, status: 'removed' })
}
