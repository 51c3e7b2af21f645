/** A world in which every request of the protocol can be granted, and one of each that would be. */
import { type AnyRecord, type RecordOf, record } from '../../protocol/index.js'
import type { Caller } from '../../rpc/request.js'
import { type AccountWorld, openAccountWorld, phoneOf, registrationOf } from './account-world.js'

/** A request that would be granted, and who asks it. */
export interface ValidRequest {
  readonly record: AnyRecord
  readonly caller: Caller
}

export interface FullWorld extends AccountWorld {
  /** By name: `Friend/ban`, `Loc/`. */
  readonly valid: ReadonlyMap<string, ValidRequest>
}

const text = (payload: string): RecordOf<'Desc'> => record('Desc', { id: 'd', payload })
const jobTime = 3_600_000

export async function openFullWorld(): Promise<FullWorld> {
  const sticker = { ...record('StickerPack', { name: 'Cats' }), id: 1 }
  const files = {
    holds: () => Promise.resolve(true),
    write: () => Promise.resolve(),
    keep: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
    urlOf: (key: string) => `http://files/${key}`,
  }
  const world = await openAccountWorld({ hasScheduler: true, hasCloud: true, files, stickers: { packs: () => Promise.resolve([sticker]) } })
  return { ...world, valid: await prepare(world) }
}

/** Makes everything that the requests are about; each step must be granted. */
async function prepare(world: AccountWorld): Promise<ReadonlyMap<string, ValidRequest>> {
  // One after the other: they have the ids of the examples then.
  const people = {
    ann: await join(world, '380670001234', 'reg_P0'),
    boris: await join(world, '380670002234', 'reg_P1'),
    clara: await join(world, '380670003234', 'reg_P2'),
    dan: await join(world, '380670004234', 'reg_P3'),
  }
  const done = async (caller: Caller, asked: AnyRecord): Promise<readonly AnyRecord[]> => {
    const { error, answers, pushes } = await world.ask(caller, asked)
    if (error !== undefined) throw new Error(`${asked.tag}: ${error}`)
    return [...answers, ...pushes.map((push) => push.record)]
  }
  for (const other of [people.boris, people.dan]) {
    await done(people.ann.caller, record('Friend', { phone_id: people.ann.id, friend_id: other.id, status: 'request' }))
    await done(other.caller, record('Friend', { phone_id: other.id, friend_id: people.ann.id, status: 'confirm' }))
  }
  await done(people.clara.caller, record('Friend', { phone_id: people.clara.id, friend_id: people.ann.id, status: 'request' }))
  await done(people.ann.caller, record('Friend', { phone_id: people.ann.id, friend_id: people.dan.id, status: 'ban' }))
  const member = record('Member', { phone_id: people.boris.id })
  await done(people.ann.caller, record('Room', { id: 'group', name: 'Group', members: [member], type: 'group', status: 'create' }))
  await done(people.ann.caller, record('Room', { id: 'group', members: [record('Member', { phone_id: people.dan.id })], status: 'ban' }))
  const links = [record('Link', { id: 'links_one' })]
  await done(people.ann.caller, record('Room', { id: 'channel', name: 'Channel', type: 'channel', links, status: 'create' }))
  await done(
    people.boris.caller,
    record('Room', { id: 'others', name: 'Others', type: 'channel', links: [record('Link', { id: 'links_two' })], status: 'create' }),
  )
  const said = messageIn(await done(people.ann.caller, said1(people.ann.id, people.boris.id)))
  const files = [record('Desc', { mime: 'image', payload: null })]
  const uploading = record('Message', { from: people.ann.id, to: people.boris.id, msg_id: 'up', files, status: 'upload' })
  const upload = messageIn(await done(people.ann.caller, uploading))
  const tagged = await done(people.ann.caller, record('Tag', { roster_id: people.ann.id, name: 'Work', color: 'red', status: 'create' }))
  const tag = tagged.find((one): one is RecordOf<'Tag'> => one.tag === 'Tag')?.id ?? 0
  const starred = record('Star', { roster_id: people.ann.id, message: record('Message', { id: said }), tags: [tag], status: 'add' })
  await done(people.ann.caller, starred)
  const scheduled = await done(people.ann.caller, jobOf(world, people.ann.id, people.boris.id))
  const job = scheduled.find((one): one is RecordOf<'Job'> => one.tag === 'Job')?.id ?? 0
  await done(people.ann.caller, record('ftp', { id: 'f', sid: '', filename: 'a.bin', size: 10, status: 'init' }))
  await done(people.ann.caller, record('Profile', { services: [email()], status: 'link' }))
  await world.register('reg_second', phoneOf('380670001234'), { dev_key: 'second' })
  await done(people.ann.caller, record('Roster', { names: 'Second', status: 'create' }))
  const moved = await world.ask(people.ann.caller, record('Profile', { phone: '380670007777', status: 'migrate' }))
  await world.auth('reg_pending', { phone: '380670009999', type: 'reg' })
  const pending = moved.jobs[0]?.code ?? ''
  return new Map(
    requestsOf(world, people, { said, upload, tag, job, pending, token: people.ann.token }).map(({ name, ...request }) => [name, request]),
  )
}

interface Somebody {
  readonly caller: Caller
  readonly token: string
  readonly id: string
}

async function join(world: AccountWorld, phone: string, registration: string): Promise<Somebody> {
  const device = await world.register(registration, phoneOf(phone), { dev_key: registration })
  const caller = await world.login(device)
  return { caller, token: device.token, id: await world.rosterOf(phoneOf(phone)) }
}

const email = (): RecordOf<'Service'> => record('Service', { type: 'email', login: 'ann@example.org' })

function said1(from: string, to: string): AnyRecord {
  return record('Message', { from, to, msg_id: 'one', files: [text('hello')], status: 'client' })
}

function jobOf({ now }: AccountWorld, from: string, to: string): RecordOf<'Job'> {
  const message = record('Message', { from, to, files: [text('later')] })
  return record('Job', { feed_id: record('act', { data: from }), time: now + jobTime, data: [message], status: 'init' })
}

function messageIn(records: readonly AnyRecord[]): number {
  const message = records.find((one): one is RecordOf<'Message'> => one.tag === 'Message')
  if (message?.id === null || message === undefined) throw new Error('no message')
  return message.id
}

interface Made {
  readonly said: number
  readonly upload: number
  readonly tag: number
  readonly job: number
  /** The code of a migration under way. */
  readonly pending: string
  /** Of Ann's first device. */
  readonly token: string
}

interface People {
  readonly ann: Somebody
  readonly boris: Somebody
  readonly clara: Somebody
  readonly dan: Somebody
}

type Named = ValidRequest & { readonly name: string }

function requestsOf(world: AccountWorld, people: People, made: Made): readonly Named[] {
  const { ann, boris } = people
  const by = ann.caller
  const roster = Number(ann.id.split('_')[1])
  const p2p = record('p2p', { from: ann.id, to: boris.id })
  const named = (name: string, asked: AnyRecord, caller = by): Named => ({ name, record: asked, caller })
  return [
    named('init/', record('init', { token: 'x' })),
    ...authRequests(named, made),
    named('Person/get', record('Person', { status: 'get' })),
    named('Person/set', record('Person', { names: 'Ann', status: 'set' })),
    ...profileRequests(named, made),
    named('Presence/', record('Presence', { uid: boris.id })),
    ...rosterRequests(named, roster, people),
    ...friendRequests(named, people),
    named(
      'Message/client',
      record('Message', { feed_id: p2p, from: ann.id, to: boris.id, msg_id: 'two', files: [text('hello')], status: 'client' }),
    ),
    named(
      'Message/upload',
      record('Message', { feed_id: p2p, from: ann.id, to: boris.id, msg_id: 'three', files: [text('')], status: 'upload' }),
    ),
    named(
      'Message/complete',
      record('Message', { id: made.upload, files: [record('Desc', { mime: 'image', payload: 'http://x/y' })], status: 'complete' }),
    ),
    named('Message/edit', record('Message', { id: made.said, files: [text('other')], status: 'edit' })),
    named('Message/deleted', record('Message', { id: made.said, status: 'deleted' })),
    named('Typing/', record('Typing', { from: ann.id, to: boris.id })),
    ...(
      [
        'get',
        'update',
        'delete',
        'get_reply',
        'double_get',
        'image',
        'video',
        'file',
        'link',
        'audio',
        'contact',
        'location',
        'text',
      ] as const
    ).map((status) =>
      named(`History/${status}`, record('History', { roster_id: ann.id, feed: p2p, size: -10, entity_id: made.said, status })),
    ),
    named('Cursor/', record('Cursor', { feed: p2p, side: 1, position: made.said })),
    ...roomRequests(named, people),
    named('Member/patch', record('Member', { feed_id: record('muc', { name: 'group' }), alias: 'Anna', status: 'patch' })),
    ...(['contact', 'roster', 'profile', 'member'] as const).map((status) =>
      named(`Search/${status}`, record('Search', { id: roster, ref: 'r', field: 'phone', type: '==', value: ['380670002234'], status })),
    ),
    named('Search/room', record('Search', { id: roster, ref: 'r', field: 'name', type: 'like', value: ['Gro'], status: 'room' })),
    named('Tag/create', record('Tag', { roster_id: ann.id, name: 'Home', color: 'blue', status: 'create' })),
    named('Tag/edit', record('Tag', { id: made.tag, roster_id: ann.id, name: 'Work', color: 'green', status: 'edit' })),
    named('Tag/remove', record('Tag', { id: made.tag, roster_id: ann.id, name: 'Work', color: '', status: 'remove' })),
    ...(['add', 'remove'] as const).map((status) =>
      named(`Star/${status}`, record('Star', { roster_id: ann.id, message: record('Message', { id: made.said }), status })),
    ),
    named('Loc/', record('Loc', { x: 30.5, y: 50.25, z: 1 })),
    named(
      'CDR/',
      record('CDR', { id: 'c', from: ann.id, to: boris.id, started: world.now, duration: 60, type: 'audio', status: 'answered' }),
    ),
    named('ftp/init', record('ftp', { id: 'g', sid: '', filename: 'b.bin', size: 10, status: 'init' })),
    named('ftp/send', record('ftp', { id: 'f', sid: '', filename: 'a.bin', offset: 0, data: Buffer.from('01234'), status: 'send' })),
    named('Link/check', record('Link', { id: 'links_two', status: 'check' })),
    named('Link/get', record('Link', { room_id: 'channel', status: 'get' })),
    named('Link/update', record('Link', { id: 'links_three', room_id: 'channel', status: 'update' })),
    named('Link/delete', record('Link', { id: 'links_one', room_id: 'channel', status: 'delete' })),
    named('Link/join', record('Link', { id: 'links_two', status: 'join' })),
    named('Job/init', jobOf(world, ann.id, boris.id)),
    ...(['update', 'stop', 'restart', 'complete', 'delete'] as const).map((status) =>
      named(`Job/${status}`, { ...jobOf(world, ann.id, boris.id), id: made.job, status }),
    ),
  ]
}

type Name = (name: string, asked: AnyRecord, caller?: Caller) => Named

function authRequests(named: Name, { token }: Made): readonly Named[] {
  const pending = registrationOf('reg_pending')
  return [
    named(
      'Auth/reg',
      record('Auth', { client_id: 'reg_new', dev_key: 'k', phone: '380670008888', type: 'reg', os: 'ios' }),
      registrationOf('reg_new'),
    ),
    named('Auth/voice', record('Auth', { type: 'voice', services: ['en'] }), pending),
    named('Auth/resend', record('Auth', { type: 'resend' }), pending),
    named('Auth/verify', record('Auth', { type: 'verify', sms_code: '000000' }), pending),
    named('Auth/login', record('Auth', { client_id: 'emqttd_P0', token, type: 'login' }), pending),
    ...(['logout', 'list', 'clear', 'update'] as const).map((type) => named(`Auth/${type}`, record('Auth', { type }))),
    named('Auth/push', record('Auth', { type: 'push', push: 'token', os: 'ios' })),
    named('Auth/delete', record('Auth', { client_id: 'emqttd_second', type: 'delete' })),
  ]
}

function profileRequests(named: Name, { pending }: Made): readonly Named[] {
  const coded = record('Service', { type: 'email', login: 'ann@example.org', password: '000000' })
  const moved = record('Service', { login: '380670007777', password: pending })
  const settings = [record('Feature', { id: 'i', key: 'K', value: 'V', group: 'G' })]
  return [
    ...(['get', 'aws', 'remove'] as const).map((status) => named(`Profile/${status}`, record('Profile', { status }))),
    ...(['update', 'patch', 'set'] as const).map((status) => named(`Profile/${status}`, record('Profile', { settings, status }))),
    named('Profile/link', record('Profile', { services: [email()], status: 'link' })),
    named('Profile/email', record('Profile', { services: [coded], status: 'email' })),
    named('Profile/migrate', record('Profile', { phone: '380670007777', status: 'migrate' })),
    named('Profile/phone', record('Profile', { phone: '380670007777', services: [moved], status: 'phone' })),
  ]
}

function rosterRequests(named: Name, id: number, { clara }: People): readonly Named[] {
  const userlist = [record('Contact', { phone_id: clara.id })]
  return [
    named('Roster/get', record('Roster', { id, status: 'get' })),
    ...(['patch', 'update'] as const).map((status) =>
      named(`Roster/${status}`, record('Roster', { id, names: 'Anna', surnames: 'K', nick: 'anna_k', avatar: 'a', email: 'e', status })),
    ),
    named('Roster/nick', record('Roster', { id, nick: 'anna', status: 'nick' })),
    named('Roster/create', record('Roster', { names: 'Anna', surnames: 'K', avatar: 'a', email: 'e', status: 'create' })),
    named('Roster/remove', record('Roster', { id, status: 'remove' })),
    named('Roster/list', record('Roster', { status: 'list' })),
    named('Roster/add', record('Roster', { id, userlist, status: 'add' })),
    named('Roster/del', record('Roster', { id, userlist, status: 'del' })),
  ]
}

function friendRequests(named: Name, { ann, boris, clara, dan }: People): readonly Named[] {
  const settings = [record('Feature', { id: 'i', key: 'K', value: 'V', group: 'G' })]
  const towards = { request: dan.id, confirm: clara.id, ignore: clara.id, unban: dan.id }
  return (['request', 'confirm', 'revoke', 'ban', 'unban', 'mute', 'unmute', 'update', 'ignore'] as const).map((status) => {
    const friend_id = status in towards ? towards[status as keyof typeof towards] : boris.id
    if (status === 'request')
      return named('Friend/request', record('Friend', { phone_id: boris.id, friend_id: clara.id, status }), boris.caller)
    return named(`Friend/${status}`, record('Friend', { phone_id: ann.id, friend_id, settings, status }))
  })
}

function roomRequests(named: Name, { boris, dan }: People): readonly Named[] {
  const listed = (id: string) => [record('Member', { phone_id: id })]
  const plain = (['get', 'leave', 'mute', 'unmute', 'delete', 'voice', 'video'] as const).map((status) =>
    named(`Room/${status}`, record('Room', { id: 'group', status })),
  )
  const changes = { name: 'New', description: 'D', tos: 'T', data: [record('Desc', { mime: 'image', payload: 'http://x/y' })] }
  return [
    named('Room/create', record('Room', { ...changes, id: 'fresh', type: 'group', members: listed(boris.id), status: 'create' })),
    ...plain,
    ...(['patch', 'settings'] as const).map((status) => named(`Room/${status}`, record('Room', { ...changes, id: 'group', status }))),
    named('Room/add', record('Room', { id: 'channel', members: listed(boris.id), status: 'add' })),
    named('Room/join', record('Room', { id: 'others', status: 'join' })),
    named('Room/remove', record('Room', { id: 'group', members: listed(boris.id), status: 'remove' })),
    named('Room/ban', record('Room', { id: 'group', members: listed(boris.id), status: 'ban' })),
    named('Room/unban', record('Room', { id: 'group', members: listed(dan.id), status: 'unban' })),
  ]
}
