import { ok, record, type Roster } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { acTopic, type ClientId, mucTopic, type Phone, type PhoneId, phoneIdOf, rosterIdOf, sesTopic } from '../../../topics/index.js'
import { devices, type ProfileDocument, profiles, type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { partialContact } from '../../views/contact-view.js'
import { readRosterAudience, type RosterAudience } from '../../views/presence-audience.js'
import { joinOutcomes } from '../room/leave.js'
import { findOwnRoster } from '../roster-own.js'
import { erase, erasedRoster, type EraseFacts, readErase } from './erase.js'
import { eraseStart, goOn, newChoreId, readStoredRosters, removeRosterRows, type StoredRoster } from './remove-profile.js'

interface RemoveFacts {
  readonly profile: ProfileDocument | undefined
  /** Undefined if it is not own. */
  readonly roster: RemovedFacts | undefined
}

interface RemovedFacts {
  readonly stored: StoredRoster
  readonly audience: RosterAudience
  readonly sessions: readonly { readonly client: ClientId; readonly session: SessionDocument }[]
  readonly first: EraseFacts
  readonly choreId: string
}

/**
 * Removes one of several own rosters, as Profile/remove does all of them; the sessions stay. Told to friends and fellow members, who see that
 * it is gone, to everybody else who knew it, and to the other own devices.
 * @refuses `profile_not_found`; `roster_not_found`; `invalid_data` for the last roster
 * @see docs/protocol/rpc.md 8, Roster/remove; docs/decisions/0116-what-a-removed-account-leaves.md
 */
export const removeRoster = handler({
  async read({ record: asked, caller, context }: Request<Roster>, facts: FactReader): Promise<RemoveFacts> {
    const { client } = caller
    const profile = client.kind === 'device' ? await facts.get(profiles, client.phone) : undefined
    const phoneId = findOwnRoster(caller, asked.id)
    const [stored] = phoneId === undefined ? [] : await readStoredRosters(facts, [phoneId])
    if (client.kind !== 'device' || stored === undefined) return { profile, roster: undefined }
    const rosters = [erasedRoster(stored.phoneId, stored.document)]
    return {
      profile,
      roster: {
        stored,
        audience: await readRosterAudience(facts, stored.phoneId),
        sessions: await readSessions(facts, client.phone),
        first: await readErase(facts, { rosters, place: eraseStart, areFriendsTold: true }),
        choreId: newChoreId(context.random),
      },
    }
  },

  decide({ caller: { client, clientId }, now }: Request<Roster>, { profile, roster }: RemoveFacts): Outcome {
    if (client.kind !== 'device' || profile === undefined) return refuse('profile_not_found', 'no profile')
    if (roster === undefined) return refuse('roster_not_found', 'not an own roster')
    if (profile.rosters.length === 1) return refuse('invalid_data', 'the last roster goes with the profile')
    const { stored, first, choreId } = roster
    const left = profile.rosters.filter((id) => id !== stored.document.id)
    const gone = accept({
      puts: [
        profiles.put({ ...profile, rosters: left, update: now }, client.phone),
        ...removeRosterRows(stored),
        ...renameUser(roster, client.phone, left),
        ...goOn([stored], first, { choreId, now, areFriendsTold: true }),
      ],
      sends: [answer(ok('removed')), ...tellAudience(roster, now), tellOwn(client.phone, clientId, stored.phoneId, now)],
    })
    return joinOutcomes(gone, erase({ areFriendsTold: true }, first, now))
  },
})

async function readSessions(facts: FactReader, phone: Phone): Promise<RemovedFacts['sessions']> {
  const clients = (await facts.get(devices, phone))?.clients ?? []
  const rows = await Promise.all(clients.map(async (client) => ({ client, session: await facts.get(sessions, client) })))
  return rows.flatMap(({ client, session }) => (session === undefined ? [] : [{ client, session }]))
}

/** Sessions are in the name of the first roster: if that goes, of the one that is the first then. */
function renameUser({ stored, sessions: all }: RemovedFacts, phone: Phone, left: readonly number[]): readonly Put[] {
  const userId = phoneIdOf(phone, left[0] ?? 0)
  if (userId === undefined) return []
  return all
    .filter(({ session }) => session.userId === stored.phoneId)
    .map(({ client, session }) => sessions.put({ ...session, userId }, client))
}

function tellAudience({ stored: { phoneId }, audience: { ac, muc } }: RemovedFacts, now: number): readonly Send[] {
  const contact = partialContact(phoneId, { update: now, status: 'remove' })
  return [push(acTopic(phoneId), ac, contact), push(mucTopic(phoneId), muc, contact)]
}

function tellOwn(phone: Phone, exceptClient: ClientId, phoneId: PhoneId, now: number): Send {
  const roster = record('Roster', { id: rosterIdOf(phoneId), phone, update: now, status: 'remove' })
  return { to: 'phones', topic: sesTopic(phone), phones: [phone], payload: { kind: 'record', record: roster }, exceptClient }
}
