import { limits, type Loc, record } from '../../protocol/index.js'
import { acTopic, type Phone, type PhoneId } from '../../topics/index.js'
import { type LocationDocument, locations, type Place, profiles } from '../documents/index.js'
import { accept, type Outcome, refuse, type Refused, type Send } from '../outcome.js'
import { handler, type Request } from '../request.js'
import { readFriendPhones } from '../views/presence-audience.js'
import { rosterIds } from '../views/profile-view.js'

/** What a Loc request is decided on. */
export interface LocFacts {
  readonly kind: 'location'
  readonly phone: Phone
  readonly stored: LocationDocument | undefined
  /** Own rosters, and the phones of the friends of each. */
  readonly audiences: readonly { readonly phoneId: PhoneId; readonly phones: readonly Phone[] }[]
}

/**
 * Stores where the caller is, and shows it to friends who are connected, at most every 5 s; `{'Loc',[],[],[]}` takes it back. Not queued: who
 * was away finds the latest one in the Contact.
 * @refuses `invalid_data` for what is no place on earth; `not_authorized` without a profile
 * @see docs/protocol/rpc.md 14; docs/decisions/0121-locations.md
 */
export const setLocation = handler<Loc, LocFacts | Refused>({
  async read({ record: loc, caller: { client } }, facts) {
    if (!isLocation(loc)) return refuse('invalid_data', 'not a longitude and latitude in degrees')
    const profile = client.kind === 'device' ? await facts.get(profiles, client.phone) : undefined
    if (client.kind !== 'device' || profile === undefined) return refuse('not_authorized', 'no profile')
    const stored = await facts.get(locations, client.phone)
    const audiences = await Promise.all(
      rosterIds(client.phone, profile).map(async (phoneId) => ({ phoneId, phones: await readFriendPhones(facts, phoneId) })),
    )
    return { kind: 'location', phone: client.phone, stored, audiences }
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideLocation(request, facts)),
})

/** Where somebody is. @see docs/protocol/rpc.md 14 */
export const locHandlers = [{ tag: 'Loc', request: '', handler: setLocation }] as const

/** The pure half of {@link setLocation}. */
export function decideLocation({ record: loc, now }: Pick<Request<Loc>, 'record' | 'now'>, facts: LocFacts): Outcome {
  const { stored = nowhere } = facts
  const isDue = Math.abs(now - stored.told) >= limits.locationPushMs
  const place = placeOf(loc, now)
  if (place === undefined) {
    if (stored.place === null) return accept({})
    // Who was told the place is told that it is gone, whenever that is; else the removal counts as a location does.
    const tells = stored.isKnown || isDue
    return after(facts, { place: null, told: stored.told, isKnown: false }, tells ? loc : undefined)
  }
  return isDue ? after(facts, { place, told: now, isKnown: true }, loc) : after(facts, { ...stored, place }, undefined)
}

const nowhere: LocationDocument = { place: null, told: 0, isKnown: false }

/** Stores the document and tells friends of `loc`, if of anything, on the `ac` topic of each own roster. */
function after({ phone, audiences }: LocFacts, document: LocationDocument, loc: Loc | undefined): Outcome {
  const sends = loc === undefined ? [] : audiences.filter(({ phones }) => phones.length > 0).map((audience) => tell(audience, loc))
  return accept({ puts: [locations.put(document, phone)], sends })
}

function tell({ phoneId, phones }: LocFacts['audiences'][number], { x, y, z }: Loc): Send {
  return { to: 'connected', topic: acTopic(phoneId), phones, payload: { kind: 'record', record: record('Loc', { x, y, z }) } }
}

/** Whether it names a place on earth, or takes one back. */
export function isLocation(loc: Loc): boolean {
  return isRemoval(loc) || placeOf(loc, 0) !== undefined
}

function isRemoval({ x, y, z }: Loc): boolean {
  return x === null && y === null && z === null
}

/** The place a Loc names; undefined if it names none. */
function placeOf({ x, y, z }: Loc, time: number): Place | undefined {
  if (x === null || y === null || Math.abs(x) > 180 || Math.abs(y) > 90) return undefined
  return { longitude: x, latitude: y, altitude: z, time }
}
