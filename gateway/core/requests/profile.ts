import { given, wrongAt } from '../../../cadmium/index.js'
import { type AnyRecord, parsePhoneId, record, type RecordOf, rosterIdOf } from '../../../protocol/index.js'
import type { Told } from '../asks.js'
import type { Call, Handle, Person, Result } from '../call.js'
import { refusalOf, whyNot } from '../refusals.js'

/** @see docs/protocol/core.md 5.3 */
export const getProfile: Handle<'urn:nynja:profile:get'> = (call) => readProfile(call)

/** Empty texts clear what they are given for. @see docs/protocol/core.md 5.3 */
export const setProfile: Handle<'urn:nynja:profile:set'> = async (call) => {
  const { names, surnames, avatar, nick } = call.payload
  if ([names, surnames, avatar, nick].every((value) => value === undefined || value === null))
    return wrongAt('wrong_field', 'payload.names')
  const asked = {
    id: rosterNumber(call.person),
    names: names ?? null,
    surnames: surnames ?? null,
    avatar: avatar ?? null,
    nick: nick ?? null,
  }
  const why = whyNot(await call.ask(record('Roster', { ...asked, status: 'patch' })))
  if (why !== undefined) return refusalOf(why, { nick: 'nick_taken', invalid_nick: 'nick_malformed' })
  return readProfile(call)
}

/** The number of the acting roster. */
export function rosterNumber({ self }: Person): number {
  const roster = parsePhoneId(self)
  return roster === undefined ? 0 : rosterIdOf(roster)
}

async function readProfile({ person, ask }: Pick<Call<'urn:nynja:profile:get'>, 'person' | 'ask'>): Promise<Result> {
  const told = await ask(record('Roster', { status: 'list' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  const number = rosterNumber(person)
  const roster = rostersIn(told).find(({ id }) => Number(id) === number)
  return {
    ok: {
      user: person.names.user(person.self),
      names: given(roster?.names ?? null),
      surnames: given(roster?.surnames ?? null),
      nick: given(roster?.nick ?? null),
      avatar: given(roster?.avatar ?? null),
      phone: person.names.phone(person.phone),
    },
  }
}

function rostersIn({ heard }: Told): readonly RecordOf<'Roster'>[] {
  return heard.flatMap(({ record: told }) => {
    const list: unknown = told.tag === 'io' ? told.code : null
    return Array.isArray(list) ? (list as readonly AnyRecord[]).filter((one) => one.tag === 'Roster') : []
  })
}
