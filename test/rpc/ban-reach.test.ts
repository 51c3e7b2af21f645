/** Whatever a banned person asks, by whichever roster and in either dialect: nothing of it reaches who bans. @see docs/decisions/0214-what-a-ban-keeps-away.md */
import { expect, test } from '@jest/globals'
import { type AnyRecord, type Dialect, record } from '../../protocol/index.js'
import { profiles } from '../../rpc/documents/index.js'
import { rosterIds } from '../../rpc/views/profile-view.js'
import type { Caller } from '../../rpc/request.js'
import { type Phone, parsePhone } from '../../topics/index.js'
import { type FullWorld, openFullWorld } from './valid-requests.js'

const [ann, boris] = ['380670001234', '380670002234'].map((text) => parsePhone(text)!) as [Phone, Phone]

/** What ends what others need, or the account, comes last. */
const late = [
  'Room/leave',
  'Room/delete',
  'Friend/ban',
  'Friend/unban',
  'Friend/revoke',
  'Message/deleted',
  'Profile/phone',
  'Roster/remove',
  'Profile/remove',
]
/** Of these the server tells in words of its own: a message is taken back, a contact has another number or is gone. */
const wordless = ['Message/deleted', 'Profile/phone', 'Roster/remove', 'Profile/remove']
/** About the session of a device; blocks of a file are no JSON. */
const left = /^(Auth|ftp)\//

/** What reaches a friend. */
const kinds = [
  ...['Message/client', 'Message/upload', 'Message/complete', 'Message/edit', 'Job/complete', 'Typing/', 'Loc/', 'CDR/'],
  ...['Roster/patch', 'Roster/nick', 'Profile/update', 'Room/create', 'Room/join', 'Friend/ban'],
  'History/update',
]

interface Town {
  readonly world: FullWorld
  /** A device of Ann, in both dialects. */
  readonly callers: readonly Caller[]
  readonly boris: Caller
  readonly rosters: readonly string[]
}

const text = record('Desc', { payload: 'read this' })

/** Ann has two rosters, both friends of Boris, with whom she shares no room. */
async function openTown(): Promise<Town> {
  const world = await openFullWorld()
  const [caller, other] = [world.valid.get('Loc/')!.caller, world.valid.get('Friend/request')!.caller]
  const rosters = rosterIds(ann, profiles.decode((await world.store.get(profiles.key(ann)))!))
  const about = await world.rosterOf(boris)
  const done = async (who: Caller, asked: AnyRecord) => expect((await world.ask(who, asked)).error).toBeUndefined()
  await done(caller, record('Friend', { phone_id: rosters[1]!, friend_id: about, status: 'request' }))
  await done(other, record('Friend', { phone_id: about, friend_id: rosters[1]!, status: 'confirm' }))
  await done(other, record('Room', { id: 'group', status: 'leave' }))
  // She has something to read.
  const said = await world.ask(other, record('Message', { from: about, to: rosters[0]!, files: [text], status: 'client' }))
  const entity_id = said.pushes.flatMap(({ record: one }) => (one.tag === 'Message' ? [one.id] : []))[0] ?? 0
  const read = world.valid.get('History/update')!
  const first = new Map([['History/update', { ...read, record: { ...read.record, entity_id } as AnyRecord }]])
  const valid = new Map([...first, ...world.valid, ...first])
  const callers = (['v1', 'v11'] satisfies Dialect[]).map((dialect) => ({ ...caller, dialect }))
  return { world: { ...world, valid }, callers, boris: other, rosters }
}

/** Asks everything, and tells what of it has reached the devices of Boris, each with the name of its request. */
async function askEverything({
  world,
  callers,
  boris: hearer,
  rosters,
}: Town): Promise<readonly (readonly [name: string, told: string])[]> {
  const names = [...world.valid.keys()].filter((name) => !left.test(name) && !late.includes(name))
  const heard: (readonly [string, string])[] = []
  for (const name of [...names, ...late]) {
    for (const roster of rosters) {
      for (const caller of callers) {
        const { pushes } = await world.ask(caller, as(roster, rosters, world.valid.get(name)!.record))
        const reached = pushes.filter(({ to }) => to.some((one) => one === hearer.clientId || one === String(boris)))
        heard.push(...reached.map(({ topic, record: one }) => [name, `${topic} ${JSON.stringify(one)}`] as const))
      }
    }
  }
  return heard
}

/** A request by another roster of the caller. */
function as(roster: string, [first]: readonly string[], asked: AnyRecord): AnyRecord {
  const id = Number(roster.split('_')[1])
  const renamed = JSON.parse(JSON.stringify(asked).replaceAll(first!, roster)) as AnyRecord
  if (renamed.tag === 'Roster' || renamed.tag === 'Search') return { ...renamed, id }
  return renamed.tag === 'Tag' ? { ...renamed, roster_id: id } : renamed
}

test('no request of a banned person reaches who bans, but for ends, in the words of the server; without a ban most do', async () => {
  const [banned, free] = [await openTown(), await openTown()]
  const about = await banned.world.rosterOf(boris)
  await banned.world.ask(banned.boris, record('Friend', { phone_id: about, friend_id: banned.rosters[0]!, status: 'ban' }))
  const told = await askEverything(banned)
  expect(told.filter(([name]) => !wordless.includes(name))).toEqual([])
  for (const [, one] of told) expect(one).not.toMatch(/[Aa]nna|hello|"other"|later|http|"a"/)
  expect([...new Set(told.map(([name]) => name))]).toEqual(['Message/deleted', 'Profile/phone', 'Roster/remove'])

  const reaching = new Set((await askEverything(free)).map(([name]) => name))
  expect(kinds.filter((name) => !reaching.has(name))).toEqual([])
  await Promise.all([banned.world.close(), free.world.close()])
})
