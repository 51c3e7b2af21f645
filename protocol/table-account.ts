/** Layouts of who somebody is: sessions, profiles and their parts. Notation: `shape.ts`; source: docs/protocol/records.json. */
import { atom, atoms, atomsAs, int, layout, listOf, maybe, or, preset, rec, term, text, tuple } from './shape.js'

const aText = maybe(text)
const anInt = maybe(int)
const online = atoms('online', 'offline')
const operatingSystem = maybe(atoms('ios', 'android', 'web'))

const person = layout(
  ['id', aText],
  ['names', aText],
  ['surnames', aText],
  ['username', aText],
  ['phonelist', listOf(text)],
  ['alias', listOf(term)],
  ['avatar', aText],
  ['localize', listOf(term)],
  ['NotificationSettings', listOf(term)],
  ['SoundSettings', listOf(term)],
  ['ThemeID', aText],
  ['voxImplantID', aText],
  ['voxImplantLogin', aText],
  ['voxImplantPassword', aText],
  ['BlockUsers', listOf(text)],
  ['balance', preset(int, 0)],
  ['isParticipants', listOf(atom)],
  ['status', maybe(atoms('get', 'set'))],
)

export const accountTable = {
  Auth: {
    canonical: layout(
      ['client_id', aText],
      ['dev_key', aText],
      ['user_id', aText],
      ['phone', aText],
      ['token', aText],
      [
        'type',
        maybe(
          atoms(
            ...['reg', 'voice', 'resend', 'verify', 'login', 'logout', 'push', 'list'],
            ...['update', 'clear', 'delete', 'deleted', 'verified', 'expired'],
          ),
        ),
      ],
      ['sms_code', aText],
      ['attempts', anInt],
      ['services', listOf(atom)],
      ['settings', listOf(rec('Feature'))],
      ['push', aText],
      ['os', operatingSystem],
      ['created', anInt],
      ['last_online', anInt],
    ),
    v1: layout(
      ['client_id', aText],
      ['dev_key', aText],
      ['user_id', aText],
      ['phone', aText],
      ['token', aText],
      ['type', maybe(atomsAs(['reg', 'voice', 'resend', 'verify', 'login', 'logout', 'push', 'list'], {}, {}))],
      ['sms_code', aText],
      ['attempts', anInt],
      ['services', listOf(atom)],
      ['push', aText],
      ['os', operatingSystem],
      ['created', maybe(or(int, text))],
      ['last_online', anInt],
    ),
    v11: layout(
      ['client_id', aText],
      ['dev_key', aText],
      ['user_id', aText],
      ['phone', maybe(or(text, tuple(atoms('fake'), text)))],
      ['token', aText],
      [
        'type',
        maybe(
          or(
            atomsAs(
              ['update', 'clear', 'delete', 'deleted', 'logout', 'verify', 'verified', 'expired', 'reg', 'resend', 'voice', 'push', 'get'],
              { get: 'list' },
              {},
            ),
            tuple(atoms('ver', 'reg'), listOf(int)),
          ),
        ),
      ],
      ['sms_code', aText],
      ['attempts', anInt],
      ['services', listOf(or(atom, text, term))],
      ['settings', or(text, listOf(rec('Feature')))],
      ['push', aText],
      ['os', operatingSystem],
      ['created', anInt],
      ['last_online', anInt],
    ),
  },

  Person: { canonical: person, v1: person, v11: person },

  Profile: {
    canonical: layout(
      ['phone', aText],
      ['services', listOf(rec('Service'))],
      ['rosters', listOf(or(rec('Roster'), int, text))],
      ['settings', listOf(rec('Feature'))],
      ['update', preset(int, 0)],
      ['balance', preset(int, 0)],
      ['presence', maybe(or(online, text))],
      [
        'status',
        maybe(atoms(...['init', 'get', 'update', 'set', 'link', 'email', 'aws', 'remove', 'migrate', 'phone'], ...['create', 'patch'])),
      ],
    ),
    v1: layout(
      ['phone', aText],
      ['services', listOf(rec('Service'))],
      ['rosters', listOf(or(rec('Roster'), int))],
      ['settings', listOf(rec('Feature'))],
      ['update', preset(int, 0)],
      ['balance', preset(int, 0)],
      ['presence', maybe(online)],
      [
        'status',
        maybe(atomsAs(['init', 'get', 'update', 'set', 'link', 'email', 'aws', 'remove', 'migrate', 'phone'], {}, { patch: 'update' })),
      ],
    ),
    v11: layout(
      ['phone', aText],
      ['services', listOf(rec('Service'))],
      ['rosters', listOf(or(rec('Roster'), text, int))],
      ['settings', listOf(rec('Feature'))],
      ['update', preset(int, 0)],
      ['balance', preset(int, 0)],
      ['presence', maybe(or(online, text))],
      [
        'status',
        maybe(
          atomsAs(
            [
              ...(['init', 'create', 'get', 'patch', 'update', 'delete', 'remove'] as const),
              // the requests of rpc.md 6 that v11 has no atoms of its own for
              ...(['set', 'link', 'email', 'aws', 'migrate', 'phone'] as const),
            ],
            { delete: 'remove' },
            {},
          ),
        ),
      ],
    ),
  },

  Service: {
    canonical: layout(
      ['id', aText],
      ['type', maybe(atoms('email', 'vox', 'aws', 'wallet'))],
      ['data', term],
      ['login', aText],
      ['password', aText],
      ['expiration', anInt],
      ['status', maybe(atoms('verified', 'added', 'add', 'remove'))],
    ),
    v1: layout(
      ['id', aText],
      ['type', maybe(atoms('email', 'vox', 'aws'))],
      ['data', term],
      ['login', aText],
      ['password', aText],
      ['expiration', anInt],
      ['status', maybe(atoms('verified', 'added'))],
    ),
    v11: layout(
      ['id', aText],
      ['type', maybe(atoms('email', 'vox', 'aws', 'wallet'))],
      ['data', term],
      ['login', aText],
      ['password', aText],
      ['expiration', anInt],
      ['status', maybe(atoms('verified', 'added', 'add', 'remove'))],
    ),
  },

  Feature: {
    canonical: layout(['id', aText], ['key', aText], ['value', aText], ['group', aText]),
    v1: layout(['id', aText], ['key', aText], ['value', aText], ['group', aText]),
    v11: layout(
      ['id', aText],
      ['key', text],
      ['value', preset(maybe(or(text, atoms('true'))), '')],
      ['group', preset(aText, 'DUMMY_GROUP')],
    ),
  },

  Presence: {
    canonical: layout(['uid', preset(text, '')], ['status', maybe(or(online, text))]),
    v1: null,
    v11: layout(['uid', preset(text, '')], ['status', maybe(or(atoms('offline', 'online'), text))]),
  },
} as const
