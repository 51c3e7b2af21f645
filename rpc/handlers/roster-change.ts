import type { Roster } from '../../protocol/index.js'
import { acTopic, mucTopic, type Phone, type PhoneId, phoneOf, sesTopic } from '../../topics/index.js'
import type { RosterDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, type Outcome, push, type Refused, refuse, type Send } from '../outcome.js'
import { putRoster } from '../people-index/put-roster.js'
import { handler, type Request } from '../request.js'
import { partialContact } from '../views/contact-view.js'
import { readFriendPhones, readRosterAudience, type RosterAudience } from '../views/presence-audience.js'
import { changedRoster, readSelf, type SelfFacts } from '../views/roster-view.js'
import { findOwnRoster } from './roster-own.js'
import { checkFields, visibleChange, withFields } from './roster-fields.js'
import { checkNick, countNick, type NickFacts, readNick, reserveNick } from './roster-nick.js'

interface ChangeFacts {
  readonly self: SelfFacts | undefined
  readonly nick: NickFacts
  readonly audience: RosterAudience | undefined
}

/**
 * Changes names, e-mail, avatar or nick of an own roster. Told to its own devices, to friends, and to fellow members.
 * @refuses `not_found` for a roster that is not own; `invalid_data`; `invalid_nick` and `nick` as Roster/nick
 * @see docs/protocol/rpc.md 8, Roster/patch
 */
export const patchRoster = handler({
  async read(request: Request<Roster>, facts: FactReader): Promise<ChangeFacts> {
    const phoneId = findOwnRoster(request.caller, request.record.id)
    if (phoneId === undefined) return { self: undefined, nick: noNick, audience: undefined }
    const [self, nick, audience] = await Promise.all([
      readSelf(facts, phoneId),
      readNick(request, facts, phoneId),
      readRosterAudience(facts, phoneId),
    ])
    return { self, nick, audience }
  },

  decide({ record, now }: Request<Roster>, { self, nick, audience }: ChangeFacts): Outcome {
    if (self === undefined || audience === undefined) return refuse('not_found', 'not an own roster')
    const malformed = checkFields(record)
    if (malformed !== undefined) return malformed
    return countNick(nick, now, () => {
      const refused = record.nick === null ? undefined : checkNick(record.nick, nick.holder, self.phoneId)
      if (refused !== undefined) return refused
      const changed = withFields(self.roster, record, now)
      return accept({
        puts: storeRoster(self, changed, record.nick),
        sends: [
          pushToOwn(self, changed, record.status),
          ...tell(acTopic(self.phoneId), audience.ac, self.phoneId, () => visibleChange(record, true), now),
          ...tell(mucTopic(self.phoneId), audience.muc, self.phoneId, () => visibleChange(record, false), now),
        ],
      })
    })
  },
})

const noNick: NickFacts = { holder: undefined, budgets: [] }

interface SetNickFacts {
  readonly self: SelfFacts | undefined
  readonly held: NickFacts
  readonly friends: readonly Phone[]
}

/**
 * Takes a nick, or with an empty one gives it up. Check and reservation are one step.
 * @refuses `not_found`; `invalid_nick`; `nick` if another roster holds it, case ignored
 * @see docs/protocol/rpc.md 8, Roster/nick
 */
export const setNick = handler({
  async read(request: Request<Roster>, facts: FactReader): Promise<SetNickFacts> {
    const phoneId = findOwnRoster(request.caller, request.record.id)
    if (phoneId === undefined) return { self: undefined, held: noNick, friends: [] }
    const [self, held, friends] = await Promise.all([
      readSelf(facts, phoneId),
      readNick(request, facts, phoneId),
      readFriendPhones(facts, phoneId),
    ])
    return { self, held, friends }
  },

  decide({ record: { nick }, now }: Request<Roster>, { self, held, friends }: SetNickFacts): Outcome {
    if (self === undefined) return refuse('not_found', 'not an own roster')
    return countNick(held, now, () => {
      const refused: Refused | undefined =
        nick === null ? refuse('invalid_nick', 'no nick given') : checkNick(nick, held.holder, self.phoneId)
      if (refused !== undefined) return refused
      const changed = withFields(self.roster, { names: null, surnames: null, email: null, avatar: null, nick }, now)
      return accept({
        puts: storeRoster(self, changed, nick),
        sends: [pushToOwn(self, changed, 'nick'), ...tell(acTopic(self.phoneId), friends, self.phoneId, () => ({ nick }), now)],
      })
    })
  },
})

function storeRoster({ phoneId, roster }: SelfFacts, changed: RosterDocument, nick: string | null) {
  return [...putRoster(roster, changed, phoneId), ...(nick === null ? [] : reserveNick(phoneId, roster.nick, nick))]
}

/** Tells all own devices of a changed roster. */
export function pushToOwn(self: SelfFacts, changed: RosterDocument, status: Roster['status']): Send {
  const roster = changedRoster(self, changed, status)
  return push(sesTopic(phoneOf(self.phoneId)), [phoneOf(self.phoneId)], roster)
}

/** @param fields what is told of; null for nothing */
function tell(
  topic: string,
  phones: readonly Phone[],
  phoneId: PhoneId,
  fields: () => Parameters<typeof partialContact>[1] | null,
  now: number,
): readonly Send[] {
  const told = phones.length === 0 ? null : fields()
  return told === null ? [] : [push(topic, phones, partialContact(phoneId, { ...told, update: now }))]
}
