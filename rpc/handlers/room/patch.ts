import type { RecordOf } from '../../../protocol/index.js'
import { roomTopic } from '../../../topics/index.js'
import { type RoomDocument, rooms } from '../../documents/index.js'
import { isWithinSettings, mergeFeatures } from '../../merge-features.js'
import { accept, type Outcome, push, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { checkFields, type RoomFields } from './room-fields.js'
import { authorReads, partialRoom, phonesOf, systemMessage, systemMessageTo, withSystemMessage } from './room-push.js'
import { enter, type Entered, readRoomState, type RoomLookup } from './room-state.js'

type Room = RecordOf<'Room'>

/** Room/patch, and Room/settings, which is a patch of the settings only. @see docs/protocol/rpc.md 11, Room/patch */
export const patchRoom = handler<Room, RoomLookup>({
  read: ({ record }, facts) => readRoomState(facts, record.id),

  decide(request, lookup) {
    const entered = enter(request.caller, lookup, 'patch')
    if (entered.kind === 'refused') return entered
    const { record } = request
    const { room } = entered.state
    const isSettings = record.status === 'settings'
    const asked = isSettings ? { settings: record.settings, name: null, description: null, data: [], tos: null } : record
    const refused = checkFields(asked)
    if (refused !== undefined) return refused
    if (!isSettings && record.type !== null && record.type !== room.type) return refuse('invalid_data', 'the type of a room cannot change')
    const settings = mergeFeatures(room.settings, record.settings)
    if (!isWithinSettings(settings)) return refuse('invalid_data', 'too many settings')
    return patched(request, entered, asked, settings)
  },
})

function patched({ now }: Request<Room>, { state, actor }: Entered, asked: RoomFields, settings: Room['settings']): Outcome {
  const { id, room } = state
  const phones = phonesOf(state.list)
  const after = applyPatch(room, asked, settings, now)
  const record = changedFields(asked, after)
  const text = describeChange(room, asked)
  const pushed = partialRoom(id, 'patch', record)
  const puts = [rooms.put(after, id)]
  if (text === undefined) return accept({ puts, sends: [push(roomTopic(id), phones, pushed)] })
  return accept({
    puts,
    appends: [systemMessage(id, actor.phoneId, text, now)],
    numbers: [authorReads(id, actor.phoneId)],
    sends: [{ to: 'phones', topic: roomTopic(id), phones, payload: withSystemMessage(pushed) }, systemMessageTo(id, phones)],
  })
}

function applyPatch(room: RoomDocument, asked: RoomFields, settings: Room['settings'], now: number): RoomDocument {
  return {
    ...room,
    name: asked.name ?? room.name,
    description: asked.description ?? room.description,
    settings,
    data: asked.data.length > 0 ? asked.data : room.data,
    tos: asked.tos ?? room.tos,
    tosUpdate: asked.tos === null ? room.tosUpdate : now,
    update: now,
  }
}

/** The new values of what was asked for; receivers keep the rest. Settings that were deleted are told with the empty value that deletes. */
function changedFields(asked: RoomFields, after: RoomDocument): Partial<Room> {
  const isSettings = asked.settings.length > 0
  return {
    name: asked.name,
    description: asked.description,
    data: asked.data,
    tos: asked.tos,
    tos_update: asked.tos === null ? 0 : after.tosUpdate,
    settings: isSettings ? (after.settings.length > 0 ? after.settings : asked.settings) : [],
    update: after.update,
  }
}

function describeChange(room: RoomDocument, asked: RoomFields): string | undefined {
  const kind = room.type === 'group' ? 'Group' : 'Channel'
  if (asked.name !== null && asked.name !== room.name) return `${kind} is renamed to "${asked.name}"`
  return asked.data.length > 0 ? `${kind} has a new avatar` : undefined
}
