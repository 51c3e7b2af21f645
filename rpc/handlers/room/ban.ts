import type { RecordOf } from '../../../protocol/index.js'
import { record } from '../../../protocol/index.js'
import { phoneOf, type PhoneId, type RoomId, roomTopic } from '../../../topics/index.js'
import { barred, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { type Caller, handler, ownRosters, type Request } from '../../request.js'
import { peekIsParted } from '../../views/parting.js'
import { type MemberRow, memberRecords, readShown, type Shown, type ShownByRoster } from '../../views/room-view.js'
import { ofSameAccounts, readBarsOf } from './bars.js'
import { maxBarred, readBarred } from './closed-room.js'
import { checkRemoval } from './remove.js'
import { partialRoom, phonesOf, toEach } from './room-push.js'
import { changeMembers, enter, type Entered, listedBy, memberOf, readRoomState, type RoomLookup } from './room-state.js'

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
  readonly shown: ShownByRoster
  /** Those of them whom a ban parts from the caller. */
  readonly parted: ReadonlySet<PhoneId>
}

/** Removes an account from the room and bars it; who is not in it is barred only. @see docs/protocol/rpc.md 11, Room/ban */
export const banFromRoom = handler<Room, BanFacts>({ read: readBan, decide: decideBan })

/** Lifts the bar; nobody is added. @see docs/protocol/rpc.md 11, Room/unban */
export const unbanFromRoom = handler<Room, BanFacts>({ read: readBan, decide: decideUnban })

async function readBan({ record: asked, caller }: Request<Room>, facts: FactReader): Promise<BanFacts> {
  const lookup = await readRoomState(facts, asked.id)
  if (typeof lookup === 'string') return { lookup, known: [], barredNow: new Set(), barredCount: 0, shown: new Map(), parted: new Set() }
  const listed = listedBy(asked).map(({ phoneId }) => phoneId)
  const existing: PhoneId[] = []
  for (const phoneId of listed) if ((await facts.peek(rosters, phoneId)) !== undefined) existing.push(phoneId)
  const known = [...new Set([...existing, ...ofSameAccounts(lookup.list, existing).map(({ phoneId }) => phoneId)])]
  const barredNow = new Set<PhoneId>()
  for (const phone of new Set(listed.map(phoneOf))) {
    for (const phoneId of await readBarsOf(facts, lookup.id, phone)) barredNow.add(phoneId)
  }
  const barredCount = (await readBarred(facts, lookup.id)).length
  const concerned = new Set([...known, ...barredNow])
  const shown = await readShown(facts, lookup.id, concerned)
  return { lookup, known, barredNow, barredCount, shown, parted: await readPartedOf(facts, caller, concerned) }
}

async function readPartedOf(facts: FactReader, caller: Caller, concerned: Iterable<PhoneId>): Promise<ReadonlySet<PhoneId>> {
  const [own] = ownRosters(caller)
  const found = new Set<PhoneId>()
  if (own === undefined) return found
  for (const phoneId of concerned) if (await peekIsParted(facts, own, phoneId)) found.add(phoneId)
  return found
}

function decideBan(request: Request<Room>, { lookup, known, barredNow, barredCount, shown, parted }: BanFacts): Outcome {
  const entered = enter(request.caller, lookup, 'remove-member')
  if (entered.kind === 'refused') return entered
  if (known.length === 0) return refuse('contacts_not_found', 'none of those listed exists')
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
  const bars = newly.map((phoneId) => barred.put({ by: actor.phoneId, at: request.now }, id, phoneId))
  return accept({ puts: [...puts, ...bars], sends: barSends(entered, 'ban', known, { shown, parted }) })
}

function decideUnban(request: Request<Room>, { lookup, barredNow, shown, parted }: BanFacts): Outcome {
  const entered = enter(request.caller, lookup, 'unban')
  if (entered.kind === 'refused') return entered
  if (barredNow.size === 0) return refuse('contacts_not_found', 'none of those listed is barred')
  const puts = [...barredNow].map((phoneId) => barred.remove(entered.state.id, phoneId))
  // The stamp makes whoever rests on the room notice.
  return accept({
    puts: [...changeMembers(entered.state, entered.state.list).puts, ...puts],
    sends: barSends(entered, 'unban', [...barredNow], { shown, parted }),
  })
}

/**
 * The same record to the room, those just removed included, and to each of those concerned; not to one who has nothing to do with the room and
 * whom a ban parts from the caller.
 */
function barSends(
  { state: { id, list } }: Entered,
  status: 'ban' | 'unban',
  concerned: readonly PhoneId[],
  { shown, parted }: Pick<BanFacts, 'shown' | 'parted'>,
): readonly Send[] {
  const members = concerned.flatMap((phoneId) => concernedRecord(id, list, phoneId, shown))
  const pushed = partialRoom(id, status, { members })
  const told = concerned.filter((phoneId) => !parted.has(phoneId) || memberOf(list, phoneId) !== undefined)
  return [push(roomTopic(id), phonesOf(list), pushed), ...toEach(told, pushed)]
}

function concernedRecord(id: RoomId, list: readonly MemberRow[], phoneId: PhoneId, shown: ShownByRoster): readonly Member[] {
  const inside = memberRecords(id, list, shown, new Set([phoneId]))
  return inside.length > 0 ? inside : [outsider(id, phoneId, shown.get(phoneId))]
}

/** A Member record of somebody who is not in the room: how he is called, and no more. */
function outsider(id: RoomId, phoneId: PhoneId, shown: Shown | undefined): Member {
  return record('Member', {
    feed_id: record('muc', { name: id }),
    phone_id: phoneId,
    avatar: shown?.avatar ?? null,
    names: shown?.names ?? null,
    surnames: shown?.surnames ?? null,
    status: 'removed',
  })
}
