import { record, type Roster } from '../../protocol/index.js'
import { phoneIdOf } from '../../topics/index.js'
import { profiles, type RosterDocument, rosters } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, refuse } from '../outcome.js'
import { handler, type Request } from '../request.js'
import { readRoster, rosterRecord } from '../views/roster-view.js'
import { patchRoster, setNick } from './roster-change.js'
import { createRoster } from './roster-create.js'
import { addEntries, delEntries } from './roster-entries.js'
import { findOwnRoster } from './roster-own.js'

/** The complete own roster. @refuses `roster_not_found` @see docs/protocol/rpc.md 8, Roster/get */
export const getRoster = handler({
  async read({ record, caller }: Request<Roster>, facts: FactReader): Promise<Roster | undefined> {
    const phoneId = findOwnRoster(caller, record.id)
    return phoneId === undefined ? undefined : readRoster(facts, phoneId, 'get')
  },
  decide(_request: Request<Roster>, roster: Roster | undefined): Outcome {
    return roster === undefined ? refuse('roster_not_found', 'not an own roster') : accept({ sends: [answer(roster)] })
  },
})

/** All own rosters without their lists. @refuses `profile_not_found` @see docs/protocol/rpc.md 8, Roster/list */
export const listRosters = handler({
  async read({ caller: { client } }: Request<Roster>, facts: FactReader): Promise<readonly Roster[] | undefined> {
    if (client.kind !== 'device') return undefined
    const profile = await facts.peek(profiles, client.phone)
    if (profile === undefined) return undefined
    const listed = await Promise.all(
      profile.rosters.map(async (id) => {
        const phoneId = phoneIdOf(client.phone, id)
        const roster: RosterDocument | undefined = phoneId && (await facts.peek(rosters, phoneId))
        return phoneId === undefined || roster === undefined ? undefined : rosterRecord(phoneId, roster, {}, 'list')
      }),
    )
    return listed.filter((roster) => roster !== undefined)
  },
  decide(_request: Request<Roster>, listed: readonly Roster[] | undefined): Outcome {
    if (listed === undefined) return refuse('profile_not_found', 'no profile')
    return accept({ sends: [answer(record('io', { code: listed }))] })
  },
})

/** Requests about own rosters. @see docs/protocol/rpc.md 8 */
export const rosterHandlers = [
  { tag: 'Roster', request: 'get', handler: getRoster },
  { tag: 'Roster', request: 'patch', handler: patchRoster },
  { tag: 'Roster', request: 'update', handler: patchRoster },
  { tag: 'Roster', request: 'nick', handler: setNick },
  { tag: 'Roster', request: 'create', handler: createRoster },
  { tag: 'Roster', request: 'list', handler: listRosters },
  { tag: 'Roster', request: 'add', handler: addEntries },
  { tag: 'Roster', request: 'del', handler: delEntries },
] as const
