import type { PhoneId, RoomId } from '../../topics/index.js'
import type { Desc, Feature } from '../../protocol/index.js'
import { table } from './table.js'

export type Role = 'owner' | 'admin' | 'member'

export interface RoomDocument {
  readonly name: string
  readonly description: string | null
  readonly settings: readonly Feature[]
  /** The avatar. */
  readonly data: readonly Desc[]
  readonly type: 'group' | 'channel'
  readonly tos: string | null
  readonly tosUpdate: number
  readonly created: number
  readonly update: number
  readonly owner: PhoneId
  readonly memberCount: number
  /** The member id it gave last: they grow in each room, are unique over all, and are not used again (`member-id.ts`). */
  readonly lastMemberId: number
  /** Grows with every change of membership, role or mute: whoever rests on the member list rests on this document. */
  readonly stamp: number
  /** Links of a channel, in the order in which they were made; left out where there are none. */
  readonly links?: readonly RoomLink[]
}

/** A public name of a channel, as its makers wrote it. @see docs/protocol/rpc.md 17 */
export interface RoomLink {
  readonly id: string
  /** What the channel's makers call it. */
  readonly name: string | null
  readonly created: number
}

/** Membership of one roster. Fields that are null are taken from the roster. */
export interface MemberDocument {
  readonly id: number
  readonly role: Role
  /** May not post, by an admin's decision. */
  readonly isMuted: boolean
  /** Wants no push notifications of this room. */
  readonly isSilent: boolean
  readonly avatar: string | null
  readonly names: string | null
  readonly surnames: string | null
  readonly alias: string | null
  readonly email: string | null
  readonly voxId: string | null
  readonly settings: readonly Feature[]
  readonly joined: number
  readonly update: number
}

export const rooms = table<[room: RoomId], RoomDocument>('room')
export const members = table<[room: RoomId, member: PhoneId], MemberDocument>('member')
/** The rooms of a roster. */
export const roomsOf = table<[member: PhoneId, room: RoomId], { readonly joined: number }>('rooms')
/** The channel of a link, by the link in lower case. */
export const links = table<[lowerCaseLink: string], { readonly room: RoomId }>('link')
/** Who was invited to a room, by whom and when. @see docs/decisions/0221-who-wants-to-be-asked.md */
export const roomInvitations = table<[room: RoomId, invited: PhoneId], { readonly by: PhoneId; readonly at: number }>('room-invitation')
/** A bar from a room. `wasMember` where it has put somebody out, who was told. */
export interface BarDocument {
  readonly by: PhoneId
  readonly at: number
  readonly wasMember?: true
}

/** Who is barred from a room. */
export const barred = table<[room: RoomId, banned: PhoneId], BarDocument>('barred')
