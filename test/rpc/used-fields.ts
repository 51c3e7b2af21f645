/**
 * The fields that each request of valid-requests.ts uses, by the names of the layouts, as docs/protocol/rpc.md tells them; those of v1 and v11
 * together. What names the request (status, of an Auth its type) is used by every one.
 */

const own = 'client_id dev_key phone'
const members = 'id members admins'
const roster = 'names surnames email avatar'
const posted = 'feed_id msg_id from to created files type edit_msg link mentioned'
const history = 'roster_id feed size entity_id'
const settings = 'id alias avatar names surnames email vox_id settings phone_id feed_id'
const person =
  'id names surnames username alias avatar localize NotificationSettings SoundSettings ThemeID voxImplantID voxImplantLogin voxImplantPassword BlockUsers isParticipants'
const relayed = 'id name description settings members admins data type tos tos_update unread last_msg update created links mentions readers'

const used: Readonly<Record<string, string>> = {
  'init/': '',
  'Auth/reg': `${own} services settings os`,
  'Auth/voice': `${own} services`,
  'Auth/resend': own,
  'Auth/verify': `${own} sms_code services`,
  'Auth/login': 'client_id token',
  'Auth/logout': '',
  'Auth/push': `${own} push os`,
  'Auth/list': '',
  'Auth/delete': 'client_id',
  'Auth/clear': '',
  'Auth/update': 'settings',
  'Person/get': 'id',
  'Person/set': person,
  'Profile/get': 'phone',
  'Profile/update': 'phone settings',
  'Profile/patch': 'phone settings',
  'Profile/set': 'phone settings services',
  'Profile/link': 'phone services',
  'Profile/email': 'phone services',
  'Profile/aws': 'phone',
  'Profile/remove': 'phone',
  'Profile/migrate': 'phone',
  'Profile/phone': 'phone services',
  'Presence/': 'uid',
  'Roster/get': 'id',
  'Roster/patch': `id nick ${roster}`,
  'Roster/update': `id nick ${roster}`,
  'Roster/nick': 'id nick',
  'Roster/create': roster,
  'Roster/remove': 'id',
  'Roster/list': '',
  'Roster/add': 'id userlist',
  'Roster/del': 'id userlist',
  'Friend/update': 'phone_id friend_id settings',
  'Message/client': posted,
  'Message/upload': posted,
  'Message/complete': 'id files',
  'Message/edit': 'id files type seenby from',
  'Message/deleted': 'id seenby from',
  'Typing/': 'author room phone_id comments',
  'History/update': 'roster_id feed entity_id',
  'History/delete': 'roster_id feed',
  'Cursor/': 'feed position',
  'Room/create': 'id name description settings members admins data type tos links',
  'Room/get': 'id',
  'Room/patch': 'id name description settings data tos type',
  'Room/settings': 'id settings',
  'Room/delete': 'id',
  'Room/voice': relayed,
  'Room/video': relayed,
  'Member/patch': `${settings} services`,
  'Tag/create': 'roster_id name color',
  'Tag/edit': 'id roster_id name color',
  'Tag/remove': 'id roster_id name',
  'Star/add': 'roster_id message tags client_id',
  'Star/remove': 'roster_id message',
  'Loc/': 'x y z',
  'CDR/': 'id from to started duration type',
  'ftp/init': 'id filename size',
  'ftp/send': 'id offset data',
  'Link/check': 'id room_id',
  'Link/get': 'id room_id',
  'Link/update': 'id name room_id',
  'Link/delete': 'id room_id',
  'Link/join': 'id',
  'Job/init': 'feed_id context time data settings',
  'Job/update': 'id feed_id context time data settings',
  'Job/restart': 'id feed_id time settings',
}

/** Of the requests of a record that are not listed one by one. */
const usedByAll: Readonly<Record<string, string>> = {
  Friend: 'phone_id friend_id',
  History: history,
  Room: members,
  Search: 'id ref field type value',
  Job: 'id feed_id',
}

/** Whether a request, `Friend/ban`, may look at a field: one that is not used may hold anything. */
export function usesField(name: string, field: string): boolean {
  const [tag = ''] = name.split('/')
  const fields = used[name] ?? usedByAll[tag]
  if (fields === undefined) throw new Error(`nobody says what ${name} uses`)
  return field === (tag === 'Auth' ? 'type' : tag === 'Presence' ? '' : 'status') || fields.split(' ').includes(field)
}
