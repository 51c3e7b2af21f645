import { decideRoomRight } from '../../../acl/index.js'
import type { ChannelErrorCode, RecordOf } from '../../../protocol/index.js'
import { parseRoomId, type RoomId } from '../../../topics/index.js'
import { links } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuseChannel } from '../../outcome.js'
import type { Caller, Request } from '../../request.js'
import { actingMember, readRoomState, type RoomState } from '../room/room-state.js'
import { linkKey } from './link-fields.js'

export type Link = RecordOf<'Link'>

/** What a request on the links of a channel rests on. */
export interface LinkFacts {
  /** The link in lower case; undefined if it is malformed or not given. */
  readonly key: string | undefined
  /** The channel that has the link; undefined if it is free. */
  readonly holder: RoomId | undefined
  /** The room that the request names, else the one that has the link; undefined if there is no such channel. */
  readonly channel: RoomState | undefined
}

export async function readLinkFacts({ record: { id, room_id } }: Request<Link>, facts: FactReader): Promise<LinkFacts> {
  const key = linkKey(id)
  const holder = key === undefined ? undefined : (await facts.get(links, key))?.room
  const lookup = await readRoomState(facts, room_id ?? holder ?? null)
  const isChannel = typeof lookup === 'object' && lookup.room.type === 'channel'
  return { key, holder, channel: isChannel ? lookup : undefined }
}

/** A refusal of a request on a link. */
export function refuseLink({ record, caller }: Request<Link>, code: ChannelErrorCode, because: string): Refused {
  return refuseChannel(code, record, caller.dialect, because)
}

/** A channel whose links the caller may see and change. */
export interface Entered {
  readonly kind: 'entered'
  readonly state: RoomState
}

/** @refuses GIE1 if the request names no channel; RCHIE2 if there is none; GIE2 for all but its owner and admins */
export function enterChannel(request: Request<Link>, { channel }: LinkFacts): Entered | Refused {
  const { record } = request
  if (record.room_id === null && record.id === null) return refuseLink(request, 'GIE1', 'neither a link nor a channel is named')
  if (record.room_id !== null && parseRoomId(record.room_id) === undefined) return refuseLink(request, 'GIE1', 'the room id is malformed')
  if (channel === undefined) return refuseLink(request, 'RCHIE2', 'there is no such channel')
  return mayEditLinks(request.caller, channel)
    ? { kind: 'entered', state: channel }
    : refuseLink(request, 'GIE2', 'links are for owner and admins')
}

function mayEditLinks(caller: Caller, { room, list }: RoomState): boolean {
  return decideRoomRight('edit-links', room.type, actingMember(caller, list)?.document).allowed
}
