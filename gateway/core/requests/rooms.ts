import { randomUUID } from 'node:crypto'
import {
  type CoreErrorName,
  type CoreRefusal,
  lastOf as lastMessage,
  parseEntityId,
  roleIn,
  roomOfLocal,
  roomShape,
  wrongAt,
} from '../../../cadmium/index.js'
import { parsePhoneId, record, type RecordOf } from '../../../protocol/index.js'
import type { RoomId } from '../../../topics/index.js'
import { answerOf } from '../asks.js'
import { type Call, type Handle, isRefusal, type Result } from '../call.js'
import { refusalOf, type Why, whyNot } from '../refusals.js'
import { rosterNumber } from './profile.js'
import { roomOf, usersIn } from './resolve.js'

type Room = RecordOf<'Room'>
type Asker = Pick<Call<'urn:nynja:rooms:get'>, 'person' | 'ask'>

/** @see docs/protocol/core.md 5.6 */
export const listRooms: Handle<'urn:nynja:rooms:list'> = async ({ person, ask }) => {
  const told = await ask(record('Roster', { id: rosterNumber(person), status: 'get' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  const rooms = (answerOf(told, 'Roster')?.roomlist ?? []).map((room) => ({
    ...withoutMembers(person, room),
    role: roleIn(person, room),
    unread: room.unread ?? 0,
    last: lastMessage(person, room.last_msg),
  }))
  return { ok: { rooms } }
}

export function withoutMembers({ names }: Asker['person'], room: Room): object {
  const { members: _members, ...shown } = roomShape(names, room)
  return shown
}

const aliasForm = /^[a-z0-9_]{2,48}$/

/** What the messenger says of links and channels, here. */
const channelErrors: Readonly<Record<string, CoreErrorName>> = {
  RCHIE1: 'room_exists',
  RCHIE2: 'not_found',
  LNKIE2: 'alias_taken',
  LNKIE3: 'too_many_aliases',
  LNKIE4: 'not_found',
  GIE1: 'only_channels',
  GIE2: 'not_allowed',
}

function roomRefusal(why: Why, field = 'to'): CoreRefusal {
  const named = why.channel === undefined ? undefined : channelErrors[why.channel]
  if (named !== undefined && why.detail === undefined) return named === 'not_found' ? wrongAt(named, field) : { error: named }
  return refusalOf(why, { contacts_not_found: 'nobody_to_add', full: 'room_full', 'room-taken': 'room_exists' }, field)
}

/** Made again, by its owner and under the same id, a room is as it is. */
export const createRoom: Handle<'urn:nynja:rooms:create'> = async (call) => {
  const { payload, person, ask } = call
  const id = newRoomId(payload.room)
  if (isRefusal(id)) return id
  const users = await usersIn(call, payload.members, 'members')
  if (isRefusal(users)) return users
  const aliases = aliasesIn(payload.aliases, 'aliases')
  if (isRefusal(aliases)) return aliases
  const asked = record('Room', {
    ...{ id: id.room, name: payload.name, description: payload.description ?? null, type: payload.kind ?? 'group', status: 'create' },
    members: users.map((phone_id) => record('Member', { phone_id, status: 'member' })),
    links: aliases.map((alias) => record('Link', { id: alias })),
  })
  const told = await ask(asked)
  const why = whyNot(told)
  if (why?.detail === 'own-room') return shown(await readRoom(call, id.room), person, true)
  if (why !== undefined) return roomRefusal(why)
  const made = answerOf(told, 'Room')
  return made === undefined ? shown(await readRoom(call, id.room), person, told.verdict.kind === 'repeated') : shown(made, person, false)
}

function shown(room: Room | CoreRefusal, { names }: Asker['person'], isRepeated: boolean): Result {
  return isRefusal(room) ? room : { ok: { ...roomShape(names, room), repeated: isRepeated } }
}

/** A room is named as a room, and not as people are. */
function newRoomId(text: string | null | undefined): { readonly room: string } | CoreRefusal {
  if (text === null || text === undefined) return { room: randomUUID() }
  const entity = parseEntityId(text)
  const room = entity?.kind === 'room' ? roomOfLocal(entity.local) : undefined
  return room === undefined || parsePhoneId(room) !== undefined ? wrongAt('wrong_field', 'payload.room') : { room }
}

function aliasesIn(texts: readonly string[] | null | undefined, member: string): readonly string[] | CoreRefusal {
  const aliases = (texts ?? []).map((text) => parseEntityId(text))
  const wrong = aliases.some((entity) => entity?.kind !== 'alias' || !aliasForm.test(entity.local))
  if (wrong) return wrongAt('wrong_field', `payload.${member}`)
  return aliases.flatMap((entity) => (entity?.kind === 'alias' ? [entity.local] : []))
}

async function readRoom({ ask }: Asker, id: string): Promise<Room | CoreRefusal> {
  const told = await ask(record('Room', { id, status: 'get' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  return answerOf(told, 'Room') ?? { error: 'fault' }
}

type InRoom = `urn:nynja:rooms:${'get' | 'patch' | 'invite' | 'join' | 'leave' | 'remove' | 'alias:set' | 'alias:remove'}`

/** A request about a room that there is: what is done, and then the room as it stands. */
function inRoom<Name extends InRoom>(act: (call: Call<Name>, room: RoomId) => Promise<CoreRefusal | undefined>): Handle<Name> {
  return async (call) => {
    const found = call.to === null ? wrongAt('wrong_field', 'to') : await roomOf(call, call.to, 'to')
    if (isRefusal(found)) return found
    const refusal = await act(call, found.room)
    if (refusal !== undefined) return refusal
    const room = await readRoom(call, found.room)
    return isRefusal(room) ? room : { ok: roomShape(call.person.names, room) }
  }
}

/** Asks for a change of a room. @param asIs refusals that mean that it stands so already */
async function change({ ask }: Pick<Asker, 'ask'>, asked: Parameters<Asker['ask']>[0], asIs: (why: Why) => boolean, field?: string) {
  const why = whyNot(await ask(asked))
  return why === undefined || asIs(why) ? undefined : roomRefusal(why, field)
}

const never = (): boolean => false

export const getRoom = inRoom<'urn:nynja:rooms:get'>(() => Promise.resolve(undefined))

export const patchRoom = inRoom<'urn:nynja:rooms:patch'>((call, id) => {
  const { name, description } = call.payload
  if ((name ?? description ?? null) === null) return Promise.resolve(wrongAt('wrong_field', 'payload.name'))
  return change(call, record('Room', { id, name: name ?? null, description: description ?? null, status: 'patch' }), never)
})

export const inviteToRoom = inRoom<'urn:nynja:rooms:invite'>(async (call, id) => {
  const users = await usersIn(call, call.payload.users, 'users')
  if (isRefusal(users)) return users
  const members = users.map((phone_id) => record('Member', { phone_id, status: 'member' }))
  return change(call, record('Room', { id, members, status: 'add' }), ({ detail }) => detail === 'members-already')
})

export const joinRoom = inRoom<'urn:nynja:rooms:join'>((call, id) =>
  change(call, record('Room', { id, status: 'join' }), ({ code, detail }) => code === 'invalid_data' && detail === undefined),
)

export const removeFromRoom = inRoom<'urn:nynja:rooms:remove'>(async (call, id) => {
  const users = await usersIn(call, call.payload.users, 'users')
  if (isRefusal(users)) return users
  const members = users.map((phone_id) => record('Member', { phone_id, status: 'member' }))
  return change(call, record('Room', { id, members, status: 'remove' }), ({ code }) => code === 'contacts_not_found')
})

export const leaveRoom: Handle<'urn:nynja:rooms:leave'> = async (call) => {
  const found = call.to === null ? wrongAt('wrong_field', 'to') : await roomOf(call, call.to, 'to')
  if (isRefusal(found)) return found
  const asked = record('Room', { id: found.room, status: 'leave' })
  const refusal = await change(call, asked, ({ code }) => code === 'not_authorized')
  return refusal ?? { ok: {} }
}

export const setAlias = inRoom<'urn:nynja:rooms:alias:set'>((call, room_id) => {
  const [id] = aliasAsked(call.payload.alias)
  if (id === undefined) return Promise.resolve(wrongAt('wrong_field', 'payload.alias'))
  return setLink(call, room_id, id)
})

/** A group, and a room that there is not, are both no channel: which of the two, its reader may learn. */
async function setLink(call: Asker, room_id: RoomId, id: string): Promise<CoreRefusal | undefined> {
  const why = whyNot(await call.ask(record('Link', { id, room_id, status: 'update' })))
  if (why === undefined) return undefined
  if (why.channel !== 'RCHIE2') return roomRefusal(why)
  const room = await readRoom(call, room_id)
  return isRefusal(room) ? room : { error: 'only_channels' }
}

export const removeAlias = inRoom<'urn:nynja:rooms:alias:remove'>((call, room_id) => {
  const [id] = aliasAsked(call.payload.alias)
  if (id === undefined) return Promise.resolve(wrongAt('wrong_field', 'payload.alias'))
  return change(call, record('Link', { id, room_id, status: 'delete' }), ({ channel }) => channel === 'LNKIE4')
})

function aliasAsked(text: string): readonly string[] {
  const aliases = aliasesIn([text], 'alias')
  return isRefusal(aliases) ? [] : aliases
}
