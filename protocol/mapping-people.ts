/** Contacts, members, rosters and favourites. Source: rpc.md 1.4. */
import { adjusted, mapped, type MappingEntry } from './mapping.js'
import type { ExtendedStar, Service, Star, Tag } from './records.js'
import { rosterFrom, rosterNumber, rosterText } from './roster-name.js'
import { emptyList } from './shape.js'

function voxLogin(services: readonly Service[]): string | null {
  return services.find((service) => service.type === 'vox')?.login ?? null
}

/** The services, with the vox login that v1 keeps in a field of its own. */
function withVox(services: readonly Service[], login: string | null): readonly Service[] {
  if (login === null || voxLogin(services) !== null) return services
  const vox: Service = { tag: 'Service', id: null, type: 'vox', data: emptyList, login, password: null, expiration: null, status: null }
  return [...services, vox]
}

const tagId = (tag: Tag | number): number | null => (typeof tag === 'number' ? tag : tag.id)

/** v1 has no ExtendedStar: the star goes without where it came from. */
const starOf = (entry: Star | ExtendedStar): Star | null => (entry.tag === 'Star' ? entry : entry.star)

export const peopleMappings: readonly MappingEntry[] = [
  mapped(
    'Contact',
    'v1',
    (w) => ({
      tag: 'Contact',
      phone_id: w[0],
      avatar: w[1],
      names: w[2],
      surnames: w[3],
      nick: w[4],
      email: w[5],
      vox_id: w[6],
      reader: w[7],
      other_reader: 0,
      unread: w[8],
      last_msg: w[9],
      update: w[10],
      created: 0,
      settings: w[11],
      services: emptyList,
      presence: w[12],
      status: w[13],
    }),
    (r) => [
      r.phone_id,
      r.avatar,
      r.names,
      r.surnames,
      r.nick,
      r.email,
      r.vox_id ?? voxLogin(r.services),
      r.reader,
      r.unread,
      r.last_msg,
      r.update,
      r.settings,
      r.presence,
      r.status,
    ],
  ),

  mapped(
    'Contact',
    'v11',
    (w) => {
      const readers = typeof w[5] === 'number' ? [w[5]] : (w[5] ?? [])
      return {
        tag: 'Contact',
        phone_id: w[0],
        avatar: w[1],
        names: w[2],
        surnames: w[3],
        nick: w[4],
        email: null,
        vox_id: voxLogin(w[11]),
        reader: readers[0] ?? null,
        other_reader: readers[1] ?? 0,
        unread: w[6],
        last_msg: w[7],
        update: w[8],
        // v1 and v11 are told apart by this field being an integer: one that is not given is 0
        created: w[9] ?? 0,
        settings: w[10],
        services: w[11],
        presence: w[12],
        status: w[13],
      }
    },
    (r) => [
      r.phone_id,
      r.avatar,
      r.names,
      r.surnames,
      r.nick,
      r.reader === null && r.other_reader === 0 ? emptyList : [r.reader ?? 0, r.other_reader],
      r.unread,
      r.last_msg,
      r.update,
      r.created ?? 0,
      r.settings,
      withVox(r.services, r.vox_id),
      r.presence,
      r.status,
    ],
  ),

  adjusted(
    'Member',
    'v1',
    (r) => r,
    (r) => ({ vox_id: r.vox_id ?? voxLogin(r.services) }),
  ),
  adjusted(
    'Member',
    'v11',
    (r) => ({ ...r, vox_id: voxLogin(r.services) }),
    (r) => ({ services: withVox(r.services, r.vox_id), alias: r.alias ?? r.full_name }),
  ),

  adjusted(
    'Roster',
    'v1',
    (r) => ({ ...r, id: rosterFrom(r.id) }),
    (r) => ({ id: rosterNumber(r.id), favorite: r.favorite.map(starOf).filter((star) => star !== null) }),
  ),
  adjusted(
    'Roster',
    'v11',
    (r) => ({ ...r, id: rosterFrom(r.id) }),
    (r) => ({ id: rosterNumber(r.id) }),
  ),

  // a v1 value that is no list is a list of one
  adjusted(
    'Search',
    'v1',
    (r, w) => ({ ...r, id: rosterFrom(r.id), value: Array.isArray(w[4]) ? w[4] : [w[4]] }),
    (r) => ({ id: rosterNumber(r.id) }),
  ),
  adjusted(
    'Search',
    'v11',
    (r) => ({ ...r, id: rosterFrom(r.id) }),
    (r) => ({ id: rosterNumber(r.id) }),
  ),

  adjusted(
    'Star',
    'v1',
    (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }),
    (r) => ({ roster_id: rosterText(r.roster_id), tags: r.tags.map(tagId).filter((id) => id !== null) }),
  ),
  adjusted(
    'Star',
    'v11',
    (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }),
    (r) => ({ roster_id: rosterNumber(r.roster_id), tags: r.tags.filter((tag) => typeof tag === 'object') }),
  ),

  adjusted(
    'Tag',
    'v1',
    (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }),
    (r) => ({ roster_id: rosterText(r.roster_id) }),
  ),
  // v11 has no tag without name and color
  adjusted(
    'Tag',
    'v11',
    (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }),
    (r) => ({ roster_id: rosterText(r.roster_id), name: r.name ?? '', color: r.color ?? '' }),
  ),
]
