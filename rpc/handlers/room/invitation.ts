import { isRecent } from '../../../clock/index.js'
import { type Feature, record } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { p2pTopic, type Phone, type PhoneId, phoneOf, type RoomId } from '../../../topics/index.js'
import { type MessageDocument, profiles, type RoomDocument, roomInvitations } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { AppendMessage, Send } from '../../outcome.js'
import type { Request } from '../../request.js'
import { type RoomAdding, roomAdding } from '../../room-adding.js'
import { memberOf, type RoomState } from './room-state.js'

/** An invitation that nobody has followed by then is void. */
export const invitationLifeMs = 30 * 24 * 60 * 60_000

/** The setting of a Profile that says what becomes of the person where friends add him to rooms. @see docs/protocol/rpc.md 11, Room/add */
const setting = { key: 'ROOMS', group: 'PRIVACY' } as const

/** Whether an account wants to be asked before it is in a room: as its settings say, or else as the server does. */
export async function wantsToBeAsked({ context }: Pick<Request, 'context'>, facts: FactReader, phone: Phone): Promise<boolean> {
  const profile = await facts.get(profiles, phone)
  return (chosenIn(profile?.settings ?? []) ?? context.roomAdding) === 'ask'
}

function chosenIn(settings: readonly Feature[]): RoomAdding | undefined {
  const value = settings.find(({ key, group }) => key === setting.key && group === setting.group)?.value
  return roomAdding.find((choice) => choice === value)
}

/** Whether somebody who still runs the room has invited this roster to it. */
export async function isInvited(facts: FactReader, { id, list }: RoomState, phoneId: PhoneId, now: number): Promise<boolean> {
  const invitation = await facts.get(roomInvitations, id, phoneId)
  if (invitation === undefined || !isRecent(invitation.at, invitationLifeMs, now)) return false
  const by = memberOf(list, invitation.by)
  return by !== undefined && by.document.role !== 'member'
}

/** Whether it waits for this roster already: then nothing more is said. */
export async function isWaiting(facts: FactReader, room: RoomId, phoneId: PhoneId, now: number): Promise<boolean> {
  const invitation = await facts.get(roomInvitations, room, phoneId)
  return invitation !== undefined && isRecent(invitation.at, invitationLifeMs, now)
}

/** What inviting some rosters to a room takes. */
export interface Invitations {
  readonly puts: readonly Put[]
  readonly appends: readonly AppendMessage[]
  readonly sends: readonly Send[]
}

/**
 * Invites rosters to a room: each is told by a message of the system in the chat with the one who invites.
 * @param firstAppend how many messages the outcome appends before these
 */
export function invite(
  { id, room }: Pick<RoomState, 'id' | 'room'>,
  by: PhoneId,
  invited: readonly PhoneId[],
  { now, firstAppend }: { readonly now: number; readonly firstAppend: number },
): Invitations {
  return {
    puts: invited.map((phoneId) => roomInvitations.put({ by, at: now }, id, phoneId)),
    appends: invited.map((phoneId) => ({ message: invitationTo(id, room, { from: by, to: phoneId, now }), isCountable: false })),
    sends: invited.map((phoneId, i) => {
      const topic = p2pTopic(by, phoneId)
      return {
        to: 'phones',
        topic,
        phones: [phoneOf(by), phoneOf(phoneId)],
        payload: { kind: 'message', append: firstAppend + i },
        notice: { kind: 'message', from: by, feed: topic },
      }
    }),
  }
}

/** The text is for display; the second Desc names the room. */
function invitationTo(
  id: RoomId,
  { name, type }: RoomDocument,
  { from, to, now }: { readonly from: PhoneId; readonly to: PhoneId; readonly now: number },
): MessageDocument {
  return {
    feed: p2pTopic(from, to),
    msgId: null,
    from,
    to,
    created: now,
    files: [
      record('Desc', { id: 'd', mime: 'text', payload: `${from} invites you to the ${type} "${name}"` }),
      record('Desc', { id: 'r', mime: 'room', payload: id }),
    ],
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
