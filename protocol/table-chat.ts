/** Layouts of what is said and where: messages, feeds, history, rooms and their members. Source: docs/protocol/records.json. */
import { atom, atoms, atomsAs, int, ints, layout, listOf, maybe, must, or, preset, rec, term, text } from './shape.js'

const aText = maybe(text)
const anInt = maybe(int)
const zero = preset(anInt, 0)
const online = atoms('online', 'offline')
const container = preset(maybe(atoms('chain', 'cur')), 'chain')
const feed = maybe(rec('muc', 'p2p'))
const rosterId = maybe(or(int, text))
const features = listOf(rec('Feature'))
const roomTypes = atoms('group', 'channel', 'call')

const cursor = layout(['feed', must(rec('p2p', 'muc'))], ['side', must(ints(1, 2))], ['position', must(int)])

export const chatTable = {
  muc: {
    canonical: layout(['name', aText]),
    v1: layout(['name', aText]),
    v11: layout(['name', must(text)]),
  },

  p2p: {
    canonical: layout(['from', aText], ['to', aText]),
    v1: layout(['from', aText], ['to', aText]),
    v11: layout(['from', must(text)], ['to', must(text)]),
  },

  act: {
    canonical: layout(['name', preset(aText, 'publish')], ['data', or(text, int, listOf(term))]),
    v1: null,
    v11: layout(['name', preset(aText, 'publish')], ['data', or(text, int, listOf(term))]),
  },

  mqi: {
    canonical: layout(['feed_id', maybe(rec('muc'))], ['query', aText], ['status', maybe(atoms('admin', 'member', 'removed'))]),
    v1: null,
    v11: layout(['feed_id', must(rec('muc'))], ['query', aText], ['status', maybe(atoms('admin', 'member', 'removed'))]),
  },

  Message: {
    /**
     * `status` speaks v1. `type` lists what kind of message it is and, once edited, `edited`. `link` is edit_msg of v1. `seenby` is -1 for
     * removal from everybody, 1 or 2 for the v1 sides, or the ids that must not see the message.
     */
    canonical: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['msg_id', aText],
      ['from', aText],
      ['to', aText],
      ['created', anInt],
      ['files', listOf(rec('Desc'))],
      ['type', listOf(atom)],
      ['link', maybe(or(int, rec('Message')))],
      ['seenby', or(int, listOf(or(text, int)))],
      ['repliedby', listOf(int)],
      ['mentioned', listOf(int)],
      ['status', maybe(atoms(...['client', 'upload', 'link', 'complete', 'edit', 'deleted', 'sent', 'internal', 'muc', 'event', 'clear']))],
    ),
    v1: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['msg_id', aText],
      ['from', aText],
      ['to', aText],
      ['created', maybe(or(int, text))],
      ['files', listOf(rec('Desc'))],
      ['type', maybe(atom)],
      ['edit_msg', anInt],
      ['seenby', or(int, listOf(int))],
      [
        'status',
        maybe(
          atomsAs(
            ['client', 'async', 'upload', 'link', 'complete', 'deleted', 'sent', 'internal', 'event', 'edit', 'muc'],
            { async: 'upload' },
            { clear: 'deleted' },
          ),
        ),
      ],
    ),
    v11: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['msg_id', aText],
      ['from', aText],
      ['to', aText],
      ['created', anInt],
      ['files', listOf(rec('Desc'))],
      ['type', listOf(atoms('sys', 'reply', 'forward', 'read', 'edited', 'cursor'))],
      ['link', maybe(or(int, rec('Message')))],
      ['seenby', listOf(or(text, int))],
      ['repliedby', listOf(int)],
      ['mentioned', listOf(int)],
      ['status', maybe(atoms('async', 'delete', 'clear', 'update', 'edit'))],
    ),
  },

  Desc: {
    canonical: layout(
      ['id', aText],
      ['mime', preset(aText, 'text')],
      ['payload', aText],
      ['parentid', aText],
      ['size', preset(int, 0)],
      ['filename', aText],
      ['info', aText],
      ['data', features],
    ),
    v1: layout(
      ['id', aText],
      ['mime', preset(aText, 'text')],
      ['payload', aText],
      ['size', preset(int, 0)],
      ['filename', aText],
      ['info', aText],
    ),
    v11: layout(['id', aText], ['mime', preset(aText, 'text')], ['payload', aText], ['parentid', aText], ['data', features]),
  },

  /** One's place in a feed and the read receipt. Canonical Typing knows both ends; v11 carries one of them. */
  Typing: {
    canonical: layout(['from', aText], ['to', aText], ['comments', term]),
    v1: layout(['author', or(text, listOf(term))], ['room', or(text, listOf(term))]),
    v11: layout(['phone_id', must(text)], ['comments', term]),
  },

  History: {
    /** `size` is what was asked for; `next` is set in answers: the id to continue with, 0 at the end of the feed. */
    canonical: layout(
      ['roster_id', rosterId],
      ['feed', maybe(rec('p2p', 'muc', 'act', 'StickerPack'))],
      ['size', zero],
      ['next', anInt],
      ['entity_id', zero],
      ['data', listOf(rec('Message', 'Job', 'StickerPack'))],
      [
        'status',
        maybe(
          atoms(
            ...['updated', 'get', 'update', 'last_loaded', 'last_msg', 'get_reply', 'double_get', 'delete'],
            ...['image', 'video', 'file', 'link', 'audio', 'contact', 'location', 'text'],
          ),
        ),
      ],
    ),
    v1: layout(
      ['roster_id', rosterId],
      ['feed', maybe(rec('p2p', 'muc'))],
      ['size', zero],
      ['entity_id', zero],
      ['data', listOf(rec('Message'))],
      ['status', maybe(atoms('updated', 'get', 'update', 'last_loaded', 'last_msg'))],
    ),
    v11: layout(
      ['roster_id', must(or(text, int))],
      ['feed', maybe(rec('p2p', 'muc', 'act', 'StickerPack'))],
      ['size', zero],
      ['entity_id', zero],
      ['data', listOf(rec('Message', 'Job', 'StickerPack'))],
      [
        'status',
        must(
          atoms(
            ...['updated', 'get', 'update', 'last_loaded', 'last_msg', 'get_reply', 'double_get', 'delete'],
            ...['image', 'video', 'file', 'link', 'audio', 'contact', 'location', 'text'],
          ),
        ),
      ],
    ),
  },

  Cursor: { canonical: cursor, v1: cursor, v11: cursor },

  Member: {
    /** `full_name` is what v11 shows where there is no alias. */
    canonical: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['feeds', listOf(term)],
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['alias', aText],
      ['full_name', aText],
      ['email', aText],
      ['vox_id', aText],
      ['reader', zero],
      ['update', zero],
      ['settings', features],
      ['services', listOf(rec('Service'))],
      ['presence', maybe(online)],
      ['status', maybe(atoms('owner', 'admin', 'member', 'removed', 'patch'))],
    ),
    v1: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['feeds', listOf(term)],
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['alias', aText],
      ['email', aText],
      ['vox_id', aText],
      ['reader', zero],
      ['update', zero],
      ['settings', features],
      ['presence', maybe(online)],
      ['status', maybe(atomsAs(['admin', 'member', 'removed', 'patch'], {}, { owner: 'admin' }))],
    ),
    v11: layout(
      ['id', anInt],
      ['container', container],
      ['feed_id', feed],
      ['prev', anInt],
      ['next', anInt],
      ['feeds', listOf(term)],
      ['phone_id', aText],
      ['avatar', aText],
      ['names', aText],
      ['surnames', aText],
      ['alias', aText],
      ['reader', zero],
      ['update', zero],
      ['settings', features],
      ['services', listOf(rec('Service'))],
      ['presence', maybe(online)],
      ['status', maybe(atoms('admin', 'member', 'removed', 'patch', 'owner'))],
    ),
  },

  Room: {
    /** `removed` and `joined` are pushed to the person concerned: v1 sends `remove` and `join` in their place. */
    canonical: layout(
      ['id', aText],
      ['name', aText],
      ['links', listOf(rec('Link'))],
      ['description', aText],
      ['settings', features],
      ['members', listOf(rec('Member'))],
      ['admins', listOf(rec('Member'))],
      ['data', listOf(rec('Desc'))],
      ['type', maybe(roomTypes)],
      ['tos', aText],
      ['tos_update', zero],
      ['unread', zero],
      ['mentions', listOf(int)],
      ['readers', listOf(int)],
      ['last_msg', maybe(or(int, rec('Message')))],
      ['update', zero],
      ['created', zero],
      [
        'status',
        maybe(
          atoms(
            ...['create', 'join', 'leave', 'ban', 'unban', 'add', 'remove', 'mute', 'unmute', 'patch', 'get', 'delete', 'settings'],
            ...['voice', 'video', 'last_msg', 'removed', 'joined', 'info'],
          ),
        ),
      ],
    ),
    v1: layout(
      ['id', aText],
      ['name', aText],
      ['description', aText],
      ['settings', features],
      ['members', listOf(rec('Member'))],
      ['admins', listOf(rec('Member'))],
      ['data', listOf(rec('Desc'))],
      ['type', maybe(atoms('group', 'channel'))],
      ['tos', aText],
      ['tos_update', zero],
      ['unread', zero],
      ['last_msg', maybe(rec('Message'))],
      ['update', zero],
      ['created', zero],
      [
        'status',
        maybe(
          atomsAs(
            [
              ...(['create', 'join', 'leave', 'ban', 'unban', 'add', 'remove', 'mute', 'unmute', 'patch', 'get', 'delete'] as const),
              ...(['settings', 'voice', 'video', 'last_msg'] as const),
            ],
            {},
            { removed: 'remove', joined: 'join' },
          ),
        ),
      ],
    ),
    v11: layout(
      ['id', aText],
      ['name', aText],
      ['links', listOf(rec('Link'))],
      ['description', aText],
      ['settings', features],
      ['members', listOf(rec('Member'))],
      ['admins', listOf(rec('Member'))],
      ['data', listOf(rec('Desc'))],
      ['type', maybe(roomTypes)],
      ['tos', aText],
      ['tos_update', zero],
      ['unread', zero],
      ['mentions', listOf(int)],
      ['readers', listOf(int)],
      ['last_msg', maybe(or(int, rec('Message')))],
      ['update', zero],
      ['created', zero],
      [
        'status',
        maybe(
          atomsAs(
            [
              ...(['create', 'leave', 'add', 'remove', 'removed', 'join', 'joined', 'info', 'patch', 'get', 'delete', 'last_msg'] as const),
              // ban and unban are accepted from v11 too (records.json, note on Room)
              ...(['mute', 'unmute', 'ban', 'unban'] as const),
            ],
            {},
            { settings: 'patch' },
          ),
        ),
      ],
    ),
  },

  Link: {
    canonical: layout(
      ['id', aText],
      ['name', aText],
      ['room_id', aText],
      ['created', anInt],
      ['type', maybe(atoms('group', 'channel'))],
      ['status', maybe(atoms('gen', 'check', 'add', 'get', 'join', 'update', 'delete'))],
    ),
    v1: null,
    v11: layout(
      ['id', aText],
      ['name', aText],
      ['room_id', aText],
      ['created', anInt],
      ['type', maybe(atoms('group', 'channel'))],
      ['status', maybe(atoms('gen', 'check', 'add', 'get', 'join', 'update', 'delete'))],
    ),
  },
} as const
