import { decideRoomRight } from '../../acl/index.js'
import { limits, type Member } from '../../protocol/index.js'
import { type PhoneId, roomTopic } from '../../topics/index.js'
import { type MemberDocument, members } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { isWithinSettings, mergeFeatures } from '../merge-features.js'
import { accept, type Outcome, push, refuse, type Refused } from '../outcome.js'
import { handler, ownRosters, type Request } from '../request.js'
import { memberRecords, type MemberRow, readRoomsOf, readShown, type ShownByRoster } from '../views/room-view.js'
import { maxAvatarBytes, maxEmailBytes } from './roster-fields.js'
import { hasLength } from './room/room-fields.js'
import { phonesOf } from './room/room-push.js'
import { changeMembers, found, readRoomState, refuseBy, replaceMembers, type RoomLookup } from './room/room-state.js'

/** What Member/patch rests on. */
export interface MemberFacts {
  readonly lookup: RoomLookup
  /** The membership that is meant, if it is one of the caller's. */
  readonly own: MemberRow | undefined
  readonly shown: ShownByRoster
}

const maxVoxIdBytes = 255

/** Changes one's own membership, in this room only. @see docs/protocol/rpc.md 11, Member/patch */
export const patchMember = handler<Member, MemberFacts>({
  async read({ record, caller }, facts) {
    const lookup = await readRoomState(facts, await readRoomMeant(facts, record, ownRosters(caller)))
    if (typeof lookup === 'string') return { lookup, own: undefined, shown: new Map() }
    const own = findMeant(record, ownRosters(caller), lookup.list)
    return { lookup, own, shown: own === undefined ? new Map() : await readShown(facts, lookup.id, [own.phoneId]) }
  },

  decide(request, facts) {
    const state = found(facts.lookup)
    if (state.kind === 'refused') return state
    if (facts.own === undefined) return refuse('not_authorized', 'not a membership of the caller')
    const verdict = decideRoomRight('present-oneself', state.room.type, facts.own.document)
    if (!verdict.allowed) return refuseBy(verdict)
    const after = patched(facts.own.document, request)
    if (isRefused(after)) return after
    return changed(facts.own.phoneId, after, state, facts.shown)
  },
})

export const memberHandlers = [{ tag: 'Member', request: 'patch', handler: patchMember }] as const

function changed(own: PhoneId, document: MemberDocument, before: Exclude<RoomLookup, string>, shown: ShownByRoster): Outcome {
  const { id } = before
  const only = new Set([own])
  // The stamp grows, so that nobody who changes the member list at the same time stores the old fields again.
  const { state, puts } = changeMembers(
    before,
    replaceMembers(before.list, only, () => document),
  )
  const phones = phonesOf(state.list)
  const pushes = memberRecords(id, state.list, shown, only).map((member) => push(roomTopic(id), phones, { ...member, status: 'patch' }))
  return accept({ puts, sends: pushes })
}

/** The text of the room id that is meant: of the feed, or of the room in which the caller has the member id given alone, for ids are unique. */
async function readRoomMeant(facts: FactReader, { feed_id, id }: Member, own: readonly PhoneId[]): Promise<string | null> {
  if (feed_id !== null) return feed_id.tag === 'muc' ? feed_id.name : null
  if (id === null) return null
  for (const roster of own) {
    for (const room of await readRoomsOf(facts, roster)) {
      if ((await facts.peek(members, room, roster))?.id === id) return room
    }
  }
  return null
}

function findMeant({ id, phone_id }: Member, own: readonly PhoneId[], list: readonly MemberRow[]): MemberRow | undefined {
  const named = list.filter((row) => (id === null || row.document.id === id) && (phone_id === null || row.phoneId === phone_id))
  return own.flatMap((roster) => named.find(({ phoneId }) => phoneId === roster) ?? [])[0]
}

/** The membership with what is given; an empty text takes a field back to that of the roster. */
function patched(before: MemberDocument, { record, now }: Request<Member>): MemberDocument | Refused {
  const { names, surnames, alias } = record
  if (isBroken(names, limits.namesMin, limits.namesMax)) return refuse('invalid_data', 'names have 2 to 32 characters')
  if (isBroken(surnames, limits.surnamesMin, limits.surnamesMax)) return refuse('invalid_data', 'surnames have 1 to 32 characters')
  if (isBroken(alias, limits.aliasMin, limits.aliasMax)) return refuse('invalid_data', 'an alias has 1 to 32 characters')
  if (isTooLong(record)) return refuse('invalid_data', 'a text is too long')
  const settings = mergeFeatures(before.settings, record.settings)
  if (!isWithinSettings(settings)) return refuse('invalid_data', 'too many settings')
  return {
    ...before,
    avatar: replaced(before.avatar, record.avatar),
    names: replaced(before.names, names),
    surnames: replaced(before.surnames, surnames),
    alias: replaced(before.alias, alias),
    email: replaced(before.email, record.email),
    voxId: replaced(before.voxId, record.vox_id),
    settings,
    update: now,
  }
}

/** Texts the protocol sets no limit to, shown to every member. */
function isTooLong({ avatar, email, vox_id }: Member): boolean {
  const bytes = (text: string | null): number => Buffer.byteLength(text ?? '')
  return bytes(avatar) > maxAvatarBytes || bytes(email) > maxEmailBytes || bytes(vox_id) > maxVoxIdBytes
}

function isRefused(value: MemberDocument | Refused): value is Refused {
  return 'kind' in value
}

function replaced(before: string | null, given: string | null): string | null {
  if (given === null) return before
  return given === '' ? null : given
}

function isBroken(text: string | null, min: number, max: number): boolean {
  if (text === null || text === '') return false
  return !hasLength(text, min, max) || /\p{Cc}/u.test(text)
}
