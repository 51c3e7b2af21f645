import { allow, refuse, type RequestVerdict } from './verdict.js'

export type RoomType = 'group' | 'channel'

/** What a roster is in a room it belongs to. */
export interface Membership {
  readonly role: 'owner' | 'admin' | 'member'
  /** Muted by an admin: may not post. Owner and admins cannot be muted, whatever is stored. */
  readonly isMuted: boolean
}

/** What a roster is to a room: a member, nothing (undefined), invited to it or banned from it. */
export type RoomStanding = Membership | 'banned' | 'invited' | undefined

/** Everything one may want to do in a room. `remove-*` covers removing and banning someone of that role. */
export type RoomRight =
  | 'get'
  | 'post'
  | 'signal'
  | 'leave'
  | 'mute-self'
  | 'present-oneself'
  | 'join'
  | 'patch'
  | 'add'
  | 'remove-member'
  | 'remove-admin'
  | 'remove-owner'
  | 'unban'
  | 'mute-member'
  | 'delete-messages'
  | 'edit-links'
  | 'appoint-admins'
  | 'delete'

type Rule = 'anyone' | 'members' | 'unmuted' | 'admins' | 'owner' | 'joiners' | 'nobody'

const rules: { readonly [Right in RoomRight]: { readonly [Type in RoomType]: Rule } } = {
  get: { group: 'members', channel: 'anyone' },
  post: { group: 'unmuted', channel: 'admins' },
  signal: { group: 'unmuted', channel: 'unmuted' },
  leave: { group: 'members', channel: 'members' },
  'mute-self': { group: 'members', channel: 'members' },
  'present-oneself': { group: 'unmuted', channel: 'unmuted' },
  join: { group: 'nobody', channel: 'joiners' },
  patch: { group: 'admins', channel: 'admins' },
  add: { group: 'admins', channel: 'admins' },
  'remove-member': { group: 'admins', channel: 'admins' },
  'remove-admin': { group: 'owner', channel: 'owner' },
  'remove-owner': { group: 'nobody', channel: 'nobody' },
  unban: { group: 'admins', channel: 'admins' },
  'mute-member': { group: 'admins', channel: 'admins' },
  'delete-messages': { group: 'admins', channel: 'admins' },
  'edit-links': { group: 'admins', channel: 'admins' },
  'appoint-admins': { group: 'owner', channel: 'owner' },
  delete: { group: 'owner', channel: 'owner' },
}

/** Every right, in the order of the table. */
export const roomRights = Object.keys(rules) as readonly RoomRight[]

/**
 * Whether someone may do something in a room.
 * @returns the verdict; a refusal is `not_authorized`, save that a stranger to a group is told `room_not_found` when he asks for it, and a
 *   member who joins again `invalid_data`
 * @see docs/protocol/rpc.md 11
 */
export function decideRoomRight(right: RoomRight, type: RoomType, standing: RoomStanding): RequestVerdict {
  const rule = rules[right][type]
  const membership = typeof standing === 'string' ? undefined : standing
  const name = `${right} in a ${type} is for ${rule}`
  if (right === 'join' && standing === 'invited') return allow('who is invited to a room joins it')
  if (rule === 'joiners') return decideJoin(name, standing)
  if (isWithin(rule, membership)) return allow(name)
  if (right === 'get' && membership === undefined) return refuse('room_not_found', 'strangers must not know a group')
  return refuse('not_authorized', name)
}

/** The right that removing (or banning) someone of this role needs; someone outside the room counts as a member. */
export function removalRight(role: Membership['role'] | undefined): RoomRight {
  return `remove-${role ?? 'member'}`
}

function decideJoin(name: string, standing: RoomStanding): RequestVerdict {
  if (standing === undefined) return allow(name)
  return standing === 'banned'
    ? refuse('not_authorized', 'who is banned from a room cannot join it')
    : refuse('invalid_data', 'already a member')
}

function isWithin(rule: Exclude<Rule, 'joiners'>, membership: Membership | undefined): boolean {
  switch (rule) {
    case 'anyone':
      return true
    case 'nobody':
      return false
    case 'members':
      return membership !== undefined
    case 'unmuted':
      return membership !== undefined && (membership.role !== 'member' || !membership.isMuted)
    case 'admins':
      return membership !== undefined && membership.role !== 'member'
    case 'owner':
      return membership?.role === 'owner'
  }
}
