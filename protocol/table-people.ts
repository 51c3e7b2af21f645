/** Layouts of whom somebody knows: rosters, contacts, friendship, search, favourites. Source: docs/protocol/records.json. */
import { atoms, atomsAs, int, layout, listOf, maybe, must, or, preset, rec, term, text } from './shape.js'

const aText = maybe(text)
const anInt = maybe(int)
const zero = preset(anInt, 0)
const online = atoms('online', 'offline')
/** A roster may be named by integer id, decimal binary or phone_id wherever one is named (rpc.md 1.2). */
const rosterId = maybe(or(int, text))
const comparison = atoms('==', '!=', 'like')
const searched = atoms('profile', 'roster', 'contact', 'member', 'room')

const contactStatesV1 = [
  ...(['request', 'authorization', 'internal', 'friend', 'last_msg', 'ban', 'banned', 'deleted'] as const),
  ...(['revoke', 'unbanned', 'muted', 'unmuted', 'remove'] as const),
] as const

/**
 * Canonical Contact.status: the states, the v1 event atoms, and two atoms that exist on no wire, because the dialects name one event
 * differently (rpc.md 9):
 * - `banned_by`: pushed to the side that has just been banned; v1 `banned`, v11 `ban`
 * - `unbanned_stranger`: a ban was lifted and no friendship came back; v1 `unbanned`, v11 `deleted`
 */
const contactStatus = maybe(atoms(...contactStatesV1, 'ignore', 'not_existence', 'banned_by', 'unbanned_stranger'))

export const peopleTable = {
  Contact: {
    canonical: layout(
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['nick', aText],
      ['email', aText],
      ['vox_id', aText],
      ['reader', zero],
      ['other_reader', preset(int, 0)],
      ['unread', zero],
      ['last_msg', maybe(rec('Message'))],
      ['update', zero],
      ['created', zero],
      ['settings', listOf(rec('Feature'))],
      ['services', listOf(rec('Service'))],
      ['presence', maybe(or(online, text))],
      ['status', contactStatus],
    ),
    v1: layout(
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['nick', aText],
      ['email', aText],
      ['vox_id', aText],
      ['reader', zero],
      ['unread', zero],
      ['last_msg', maybe(rec('Message'))],
      ['update', zero],
      ['settings', listOf(rec('Feature'))],
      ['presence', maybe(online)],
      [
        'status',
        maybe(
          atomsAs(
            contactStatesV1,
            {},
            { banned_by: 'banned', unbanned_stranger: 'unbanned', ignore: 'authorization', not_existence: 'deleted' },
          ),
        ),
      ],
    ),
    v11: layout(
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['nick', aText],
      ['reader', maybe(or(int, listOf(int)))],
      ['unread', zero],
      ['last_msg', maybe(rec('Message'))],
      ['update', zero],
      ['created', zero],
      ['settings', listOf(rec('Feature'))],
      ['services', listOf(rec('Service'))],
      ['presence', maybe(or(online, text))],
      [
        'status',
        maybe(
          atomsAs(
            [
              ...(['request', 'authorization', 'ignore', 'internal', 'friend', 'last_msg', 'ban', 'banned', 'deleted'] as const),
              'not_existence',
            ],
            {},
            {
              banned_by: 'ban',
              unbanned: 'friend',
              unbanned_stranger: 'deleted',
              muted: 'friend',
              unmuted: 'friend',
              revoke: 'deleted',
              remove: 'deleted',
            },
          ),
        ),
      ],
    ),
  },

  Roster: {
    canonical: layout(
      ['id', rosterId],
      ['names', aText],
      ['surnames', aText],
      ['email', aText],
      ['nick', aText],
      ['userlist', listOf(or(rec('Contact'), int))],
      ['roomlist', listOf(rec('Room'))],
      ['favorite', listOf(rec('Star', 'ExtendedStar'))],
      ['tags', listOf(rec('Tag'))],
      ['phone', aText],
      ['avatar', aText],
      ['update', zero],
      [
        'status',
        maybe(
          atoms(
            ...['get', 'set', 'create', 'del', 'remove', 'add', 'update', 'list', 'patch', 'nick', 'last_msg'],
            ...['profile', 'roster', 'contact', 'member', 'room', 'search'],
          ),
        ),
      ],
    ),
    v1: layout(
      ['id', rosterId],
      ['names', aText],
      ['surnames', aText],
      ['email', aText],
      ['nick', aText],
      ['userlist', listOf(rec('Contact'))],
      ['roomlist', listOf(rec('Room'))],
      ['favorite', listOf(rec('Star'))],
      ['tags', listOf(rec('Tag'))],
      ['phone', aText],
      ['avatar', aText],
      ['update', zero],
      [
        'status',
        maybe(
          atomsAs(
            [
              ...(['get', 'set', 'create', 'del', 'remove', 'add', 'update', 'list', 'patch', 'nick', 'last_msg'] as const),
              ...(['profile', 'roster', 'contact', 'member', 'room'] as const),
            ],
            {},
            { search: 'contact' },
          ),
        ),
      ],
    ),
    v11: layout(
      ['id', rosterId],
      ['names', aText],
      ['surnames', aText],
      ['email', aText],
      ['nick', aText],
      ['userlist', listOf(or(rec('Contact'), int))],
      ['roomlist', listOf(rec('Room'))],
      ['favorite', listOf(rec('Star', 'ExtendedStar'))],
      ['tags', listOf(rec('Tag'))],
      ['phone', aText],
      ['avatar', aText],
      ['update', zero],
      [
        'status',
        maybe(
          atomsAs(
            [...(['get', 'create', 'del', 'remove', 'nick', 'search', 'contact', 'add', 'update', 'list', 'patch'] as const), 'last_msg'],
            {},
            { set: 'patch', profile: 'search', roster: 'search', member: 'search', room: 'search' },
          ),
        ),
      ],
    ),
  },

  Friend: {
    canonical: layout(
      ['phone_id', aText],
      ['friend_id', aText],
      ['settings', listOf(rec('Feature'))],
      [
        'status',
        maybe(
          atoms(
            ...['request', 'confirm', 'revoke', 'ban', 'unban', 'mute', 'unmute', 'update', 'ignore'],
            ...['contact', 'simple', 'list', 'common_groups'],
          ),
        ),
      ],
    ),
    v1: layout(
      ['phone_id', aText],
      ['friend_id', aText],
      [
        'status',
        maybe(atoms(...['contact', 'simple', 'list', 'common_groups', 'ban', 'unban', 'mute', 'unmute', 'request', 'confirm', 'revoke'])),
      ],
    ),
    v11: layout(
      ['phone_id', must(text)],
      ['friend_id', must(text)],
      ['settings', listOf(rec('Feature'))],
      // revoke, mute and unmute are accepted from v11 too (rpc.md 9)
      ['status', must(atoms('ban', 'unban', 'request', 'confirm', 'update', 'ignore', 'revoke', 'mute', 'unmute'))],
    ),
  },

  Search: {
    canonical: layout(
      ['id', rosterId],
      ['ref', aText],
      ['field', aText],
      ['type', maybe(comparison)],
      ['value', listOf(term)],
      ['status', maybe(searched)],
    ),
    v1: layout(
      ['id', rosterId],
      ['ref', aText],
      ['field', aText],
      ['type', maybe(comparison)],
      ['value', term],
      ['status', maybe(searched)],
    ),
    v11: layout(
      ['id', must(or(int, text))],
      ['ref', must(text)],
      ['field', must(text)],
      ['type', must(comparison)],
      ['value', listOf(term)],
      ['status', must(searched)],
    ),
  },

  Star: {
    canonical: layout(
      ['id', anInt],
      ['client_id', aText],
      ['roster_id', rosterId],
      ['message', maybe(rec('Message'))],
      ['tags', listOf(or(int, rec('Tag')))],
      ['status', maybe(atoms('add', 'remove'))],
    ),
    v1: layout(
      ['roster_id', rosterId],
      ['message', maybe(rec('Message'))],
      ['tags', listOf(int)],
      ['status', maybe(atoms('add', 'remove'))],
    ),
    v11: layout(
      ['id', anInt],
      ['client_id', aText],
      ['roster_id', rosterId],
      ['message', maybe(rec('Message'))],
      ['tags', listOf(rec('Tag'))],
      ['status', maybe(atoms('add', 'remove'))],
    ),
  },

  ExtendedStar: {
    canonical: layout(['star', maybe(rec('Star'))], ['from', maybe(rec('Contact', 'Room'))]),
    v1: null,
    v11: layout(['star', maybe(rec('Star'))], ['from', maybe(rec('Contact', 'Room'))]),
  },

  Tag: {
    canonical: layout(
      ['id', anInt],
      ['roster_id', rosterId],
      ['name', aText],
      ['color', aText],
      ['status', maybe(atoms('create', 'remove', 'edit'))],
    ),
    v1: layout(
      ['id', anInt],
      ['roster_id', rosterId],
      ['name', aText],
      ['color', aText],
      ['status', maybe(atoms('create', 'remove', 'edit'))],
    ),
    v11: layout(['roster_id', rosterId], ['name', must(text)], ['color', must(text)], ['status', maybe(atoms('create', 'remove', 'edit'))]),
  },
} as const
