import { record, type RecordOf } from '../../../protocol/index.js'
import type { PutNumber } from '../../../store/contract.js'
import { type Phone, type PhoneId, phoneOf, type RoomId, roomTopic, sesTopic } from '../../../topics/index.js'
import { cursors, feedLevel, type RoomDocument } from '../../documents/index.js'
import { type AppendMessage, push, type Send } from '../../outcome.js'
import { byRole, type MemberRow, memberRecords, type ShownByRoster } from '../../views/room-view.js'

type Room = RecordOf<'Room'>

/** Phones whose devices belong to a room with these members. */
export function phonesOf(list: readonly MemberRow[]): readonly Phone[] {
  return [...new Set(list.map(({ phoneId }) => phoneOf(phoneId)))]
}

/** A push of a room: its id, the given fields, everything else left out. */
export function partialRoom(room: RoomId, status: Room['status'], fields: Partial<Omit<Room, 'tag'>>): Room {
  return record('Room', { ...fields, id: room, status })
}

/** A push about some of the members in `list`, those who run the room apart. */
export function memberPush(
  room: RoomId,
  status: Room['status'],
  about: {
    readonly type: RoomDocument['type']
    readonly list: readonly MemberRow[]
    readonly shown: ShownByRoster
    readonly only: ReadonlySet<PhoneId>
  },
): Room {
  return partialRoom(room, status, byRole(memberRecords(room, about.list, about.shown, about.only), about.type))
}

/** The same record on the `ses` topic of the phone of each of these rosters. */
export function toEach(phoneIds: Iterable<PhoneId>, record: Room): readonly Send[] {
  const phones = new Set([...phoneIds].map(phoneOf))
  return [...phones].map((phone) => push(sesTopic(phone), [phone], record))
}

/** The complete room, whose last message is `appends[0]`, on the `ses` topic of the phone of each of these rosters. */
export function completeToEach(phoneIds: Iterable<PhoneId>, record: Room): readonly Send[] {
  const phones = new Set([...phoneIds].map(phoneOf))
  return [...phones].map((phone) => ({ to: 'phones', topic: sesTopic(phone), phones: [phone], payload: withSystemMessage(record) }))
}

/** A Room whose `last_msg` is the system message `appends[0]`. */
export function withSystemMessage(room: Room): Send['payload'] {
  return { kind: 'record-with-message', record: room, append: 0 }
}

/** A text of the system in the feed of a room. Shown, never counted as unread. @see docs/protocol/rpc.md 11 */
export function systemMessage(room: RoomId, from: PhoneId, text: string, now: number): AppendMessage {
  return {
    isCountable: false,
    message: {
      feed: roomTopic(room),
      msgId: null,
      from,
      to: room,
      created: now,
      files: [record('Desc', { id: 'd', mime: 'text', payload: text })],
      type: [],
      link: null,
      seenby: [],
      repliedby: [],
      mentioned: [],
      status: 'muc',
      isEdited: false,
      hiddenFrom: [],
    },
  }
}

/** The system message `appends[0]` to everyone in the room. */
export function systemMessageTo(room: RoomId, phones: readonly Phone[]): Send {
  return { to: 'phones', topic: roomTopic(room), phones, payload: { kind: 'message', append: 0 } }
}

/** Moves the cursor of an author to `appends[0]`: who writes has read. */
export function authorReads(room: RoomId, author: PhoneId): PutNumber {
  return { key: cursors.key(author, feedLevel(roomTopic(room))), append: 0 }
}

const maxNamed = 10

/** Rosters in a text for display: ten by name, the others by number. */
export function enumerate(phoneIds: Iterable<PhoneId>): string {
  const all = [...phoneIds]
  const named = all.slice(0, maxNamed).join(', ')
  return all.length > maxNamed ? `${named} and ${all.length - maxNamed} more` : named
}

/** `group` or `channel`, as texts call a room. */
export function kindOf(room: RoomDocument): string {
  return room.type
}
