import { limits, type RecordOf, type Search } from '../../../protocol/index.js'
import type { PhoneId, RoomId } from '../../../topics/index.js'
import { rooms } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Outcome, type Refused, refuse } from '../../outcome.js'
import { foldText } from '../../people-index/fold.js'
import { handler, type Request } from '../../request.js'
import { readRoomForRoster, readRoomsOf } from '../../views/room-view.js'
import { findOwnRoster } from '../roster-own.js'
import { answerFound } from './answer-found.js'
import { roomQuery, type RoomQuery } from './query.js'
import { textTest } from './text-test.js'

interface RoomsFound {
  readonly asker: PhoneId | undefined
  readonly refused: Refused | undefined
  readonly found: readonly RecordOf<'Room'>[]
}

/**
 * Finds rooms and channels the asker is a member of, by name, as they stand in the room list of the roster: at most 50.
 * @refuses `roster_not_found`; `invalid_data` as a search for people
 * @see docs/protocol/rpc.md 12
 */
export const searchRooms = handler({
  async read({ record: asked, caller }: Request<Search>, facts: FactReader): Promise<RoomsFound> {
    const asker = findOwnRoster(caller, asked.id)
    const query = roomQuery(asked)
    if (query.kind === 'refused') return { asker, refused: query, found: [] }
    if (asker === undefined) return { asker, refused: undefined, found: [] }
    const named = await findNamed(facts, await readRoomsOf(facts, asker), query)
    const found = await Promise.all(named.slice(0, limits.searchResults).map((room) => readRoomForRoster(facts, room, asker)))
    return { asker, refused: undefined, found: found.filter((room) => room !== undefined) }
  },

  decide({ record: asked }: Request<Search>, { asker, refused, found }: RoomsFound): Outcome {
    if (asker === undefined) return refuse('roster_not_found', 'not an own roster')
    return refused ?? answerFound(asked, asker, { roomlist: found })
  },
})

async function findNamed(facts: FactReader, own: readonly RoomId[], { type, values }: RoomQuery): Promise<readonly RoomId[]> {
  const isMeant = textTest(type, values)
  const documents = await Promise.all(own.map((room) => facts.peek(rooms, room)))
  return own.filter((_, i) => {
    const document = documents[i]
    return document !== undefined && isMeant(foldText(document.name))
  })
}
