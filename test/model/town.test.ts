/**
 * People with several devices ask for whatever comes to their mind, on a running server over real sockets, and a model that knows nothing but
 * rpc.md says what each of their devices must be told: the answer to every request, every push on every topic, in order, and nothing else.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, record } from '../../protocol/index.js'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { type Crew, type CrewDevice, type Heard, openCrew, textTo } from './town-crew.js'
import {
  areOpenFriends,
  chatBetween,
  chatOf,
  checkTown,
  type Dialect,
  type FriendRequest,
  judgeAdd,
  judgeCreate,
  judgeDelete,
  judgeFriend,
  judgeJoin,
  judgeLeave,
  judgeRemove,
  judgeRoomBan,
  judgeRoomMute,
  judgeRoomText,
  judgeRoomUnban,
  judgeText,
  type Listing,
  mayPost,
  membersOf,
  newTown,
  type Person,
  readAll,
  type RoomName,
  sesOf,
  shownStatus,
  topicOf,
  type Town,
  unreadIn,
  type Verdict,
} from './town-model.js'

const size = 4
const usualSeed = 11
/** Another may be given to look further. */
const seed = Number(process.env['MODEL_SEED'] ?? usualSeed)
const runs = 4
const steps = 100

/** The crew on the server, and how many texts it has written. */
interface World {
  readonly crew: Crew
  texts: number
  /** What has been asked with success, for the last look. */
  readonly granted: Set<string>
}

type Command = fc.AsyncCommand<Town, World>

/** Who asks, and with which of the two devices. */
interface Asker {
  readonly by: Person
  readonly device: number
}

function deviceOf({ devices }: Crew, { by, device }: Asker): CrewDevice {
  return devices.filter(({ person }) => person === by)[device]!
}

/** Compares what everyone has heard with what the model says. */
function checkHeard(heard: ReadonlyMap<CrewDevice, Heard>, asker: CrewDevice | undefined, verdict: Verdict): void {
  for (const [device, { answers, topics }] of heard) {
    const inDialect = (told: { readonly [D in Dialect]: string }): string => told[device.encoding.dialect]
    const expected = new Map<string, string[]>()
    for (const push of verdict.pushes) {
      if (push.people.includes(device.person)) expected.set(push.topic, [...(expected.get(push.topic) ?? []), inDialect(push)])
    }
    const wanted = device === asker ? verdict.answers.map(inDialect).filter((answer) => answer !== '') : []
    const who = `${device.person} ${device.encoding.dialect}`
    expect({ who, answers, topics: Object.fromEntries(topics) }).toEqual({ who, answers: wanted, topics: Object.fromEntries(expected) })
  }
}

const isRefusal = ({ answers }: Verdict): boolean => answers.some(({ v1 }) => v1.startsWith('io error'))

interface Aimable extends Command {
  /** Whether it would be granted. */
  isGranted(town: Town): boolean
}

/** A request that the model judges. */
function command(name: string, asker: Asker, asked: (world: World) => AnyRecord, judge: (town: Town) => Verdict): Aimable {
  return {
    isGranted: (town) => !isRefusal(judge(structuredClone(town))),
    check: () => true,
    async run(town, world) {
      const device = deviceOf(world.crew, asker)
      const verdict = judge(town)
      await world.crew.ask(device, asked(world))
      checkHeard(await world.crew.hear(), device, verdict)
      checkTown(town)
      if (!isRefusal(verdict)) world.granted.add(name.split(' ')[0]!)
    },
    toString: () => `${asker.by}.${asker.device} ${name}`,
  }
}

/** The first of these that will be granted, from one of them on; nothing where none will. */
function aimed(candidates: readonly Aimable[], from: number): Command {
  let chosen: Aimable | undefined
  return {
    check(town) {
      const turned = candidates.map((_one, i) => candidates[(i + from) % candidates.length]!)
      chosen = turned.find((one) => one.isGranted(town))
      return chosen !== undefined
    },
    run: async (town, world) => chosen?.run(town, world),
    toString: () => chosen?.toString() ?? 'nothing',
  }
}

const person = fc.nat({ max: size - 1 })
const asker: fc.Arbitrary<Asker> = fc.record({ by: person, device: fc.nat({ max: 1 }) })
const roomNames: readonly RoomName[] = ['A', 'B', 'C', 'D', 'E', 'F']
const room = fc.constantFrom(...roomNames)
const some = fc.uniqueArray(person, { maxLength: 3 })
const listing: fc.Arbitrary<Listing> = fc.oneof(
  { weight: 3, arbitrary: some.map((members) => ({ members, admins: [] })) },
  { weight: 1, arbitrary: fc.record({ members: some, admins: some }) },
)

const nobody: Listing = { members: [], admins: [] }

function friendCommand({ who, about, request }: { who: Asker; about: Person; request: FriendRequest }): Aimable {
  return command(
    `Friend/${request} ${about}`,
    who,
    ({ crew }) => record('Friend', { phone_id: crew.phoneId(who.by), friend_id: crew.phoneId(about), status: request }),
    (town) => judgeFriend(town, who.by, about, request),
  )
}

type RoomStatus = 'create' | 'add' | 'join' | 'remove' | 'leave' | 'ban' | 'unban' | 'mute' | 'unmute' | 'delete'

interface RoomAsk {
  readonly who: Asker
  readonly name: RoomName
  readonly status: RoomStatus
  readonly list: Listing
  readonly isChannel: boolean
}

function roomCommand({ who, name, status, list, isChannel }: RoomAsk): Aimable {
  const whom: Listing = status === 'join' || status === 'leave' || status === 'delete' ? nobody : list
  const type = isChannel ? 'channel' : 'group'
  const shown = `${type} ${name} [${whom.members.join()}] admins [${whom.admins.join()}]`
  return command(
    `Room/${status} ${shown}`,
    who,
    ({ crew }) => {
      const listed = (people: readonly Person[]) => people.map((one) => record('Member', { phone_id: crew.phoneId(one) }))
      const lists = { members: listed(whom.members), admins: listed(whom.admins) }
      return record('Room', { id: crew.roomId(name), status, ...lists, ...(status === 'create' ? { name, type } : {}) })
    },
    (town) => judgeRoom(town, who.by, { name, status, list: whom, type }),
  )
}

function judgeRoom(
  town: Town,
  by: Person,
  { name, status, list, type }: Pick<RoomAsk, 'name' | 'status' | 'list'> & { type: 'group' | 'channel' },
): Verdict {
  const everyone = [...new Set([...list.admins, ...list.members])]
  switch (status) {
    case 'create':
      return judgeCreate(town, by, name, type, list)
    case 'add':
      return judgeAdd(town, by, name, list)
    case 'join':
      return judgeJoin(town, by, name)
    case 'remove':
      return judgeRemove(town, by, name, list)
    case 'leave':
      return judgeLeave(town, by, name)
    case 'ban':
      return judgeRoomBan(town, by, name, everyone)
    case 'unban':
      return judgeRoomUnban(town, by, name, everyone)
    case 'mute':
    case 'unmute':
      return judgeRoomMute(town, by, name, everyone, status === 'mute')
    case 'delete':
      return judgeDelete(town, by, name)
  }
}

const nextText = (world: World): string => `text ${++world.texts}`

function textCommand(who: Asker, to: Person): Command {
  return command(
    `Message ${to}`,
    who,
    (world) => textTo(world.crew, who.by, world.crew.phoneId(to), nextText(world)),
    (town) => judgeText(town, who.by, to),
  )
}

function roomTextCommand(who: Asker, name: RoomName): Command {
  return command(
    `Message/room ${name}`,
    who,
    (world) => textTo(world.crew, who.by, world.crew.roomId(name), nextText(world)),
    (town) => judgeRoomText(town, who.by, name),
  )
}

/** Everyone who may writes to a room at once, from both devices: all devices of all members hear the same, in the same order. */
function chorusCommand(name: RoomName): Aimable {
  const singers = (town: Town): readonly Person[] => membersOf(town, name).filter((one) => mayPost(town, one, name))
  return {
    check: (town) => singers(town).length > 1,
    isGranted: (town) => singers(town).length > 1,
    async run(town, world) {
      const { crew } = world
      const people = singers(town)
      const voices = crew.devices.filter((one) => people.includes(one.person))
      await Promise.all(voices.map((one) => crew.ask(one, textTo(crew, one.person, crew.roomId(name), nextText(world)))))
      const heard = await crew.hear()
      const members = new Set(membersOf(town, name))
      const songs = [...heard].flatMap(([one, { topics }]) => (members.has(one.person) ? [topics.get(topicOf(name)) ?? []] : []))
      for (const song of songs) expect(song).toEqual(songs[0])
      expect([...songs[0]!].sort()).toEqual(voices.map((one) => `Message ${one.person} sent`).sort())
      for (const line of songs[0]!) judgeRoomText(town, Number(line.split(' ')[1]), name)
      for (const [one, { answers, topics }] of heard) {
        expect(answers).toEqual(voices.includes(one) && one.encoding.dialect === 'v11' ? ['Ack'] : [])
        expect(topics.size).toBe(members.has(one.person) ? 1 : 0)
      }
      world.granted.add('chorus')
    },
    toString: () => `all write to ${name}`,
  }
}

/** Something is published to all friends: a ban either way keeps it from the other. */
function broadcastCommand(who: Asker): Command {
  return {
    check: () => true,
    async run(town, world) {
      const { crew } = world
      const device = deviceOf(crew, who)
      await device.wire.publish(`ac/${crew.phoneId(who.by)}`, Buffer.from([0xc1]), { qos: 1 })
      const people = town.people.filter((one) => one !== who.by && areOpenFriends(town, one, who.by))
      checkHeard(await crew.hear(), device, { answers: [], pushes: [{ people, topic: `ac ${who.by}`, v1: 'opaque', v11: 'opaque' }] })
      if (people.length > 0) world.granted.add('broadcast')
    },
    toString: () => `${who.by}.${who.device} broadcasts`,
  }
}

/** Reads a chat with a friend, or a room, to its end. */
function readCommand(who: Asker, where: { readonly friend: Person } | { readonly room: RoomName }): Aimable {
  const isOpen = (town: Town): boolean =>
    'friend' in where
      ? who.by !== where.friend &&
        areOpenFriends(town, who.by, where.friend) &&
        unreadIn(chatBetween(town, who.by, where.friend), who.by) > 0
      : membersOf(town, where.room).includes(who.by) && unreadIn(town.rooms.get(where.room)!.feed, who.by) > 0
  return {
    check: isOpen,
    isGranted: isOpen,
    async run(town, world) {
      const { crew } = world
      const device = deviceOf(crew, who)
      const roster_id = crew.phoneId(who.by)
      const feed =
        'friend' in where
          ? record('p2p', { from: roster_id, to: crew.phoneId(where.friend) })
          : record('muc', { name: crew.roomId(where.room) })
      const { data } = await crew.answerTo(device, record('History', { roster_id, feed, size: -1, status: 'get' }), 'History')
      const newest = data[0]
      if (newest?.tag !== 'Message') throw new Error('a feed with something unread is not empty')
      await crew.ask(device, record('History', { roster_id, feed, entity_id: newest.id, status: 'update' }))
      checkHeard(await crew.hear(), device, judgeReading(town, who.by, where))
      world.granted.add('read')
    },
    toString: () => `${who.by}.${who.device} reads ${JSON.stringify(where)}`,
  }
}

function judgeReading(town: Town, by: Person, where: { readonly friend: Person } | { readonly room: RoomName }): Verdict {
  const receipt = { v1: `History ${by} updated`, v11: `History ${by} updated` }
  const state = 'friend' in where ? `Contact ${where.friend} last_msg` : `Room ${where.room} last_msg`
  const toSelf = { people: [by], topic: sesOf(by), v1: state, v11: state }
  readAll('friend' in where ? chatBetween(town, by, where.friend) : town.rooms.get(where.room)!.feed, by)
  const told =
    'friend' in where
      ? { people: [by, where.friend], topic: chatOf(by, where.friend), ...receipt }
      : { people: membersOf(town, where.room), topic: topicOf(where.room), ...receipt }
  return { answers: [], pushes: [toSelf, told] }
}

/** Asks for the roster: whom and which rooms it shows, with the state of each, and what is unread. */
function lookCommand(who: Asker): Command {
  return {
    check: () => true,
    async run(town, { crew }) {
      const device = deviceOf(crew, who)
      const id = Number(crew.phoneId(who.by).split('_')[1])
      const { userlist, roomlist } = await crew.answerTo(device, record('Roster', { id, status: 'get' }), 'Roster')
      const others = town.people.filter((one) => one !== who.by)
      const shown = others.map((one) => {
        const contact = userlist.find((entry) => typeof entry === 'object' && entry.phone_id === crew.phoneId(one))
        return typeof contact === 'object' ? [one, contact.status, areOpenFriends(town, who.by, one) ? contact.unread : 0] : [one]
      })
      const known = others.map((one) => {
        const status = shownStatus(town, who.by, one)
        if (status === undefined) return [one]
        return [one, status, areOpenFriends(town, who.by, one) ? unreadIn(chatBetween(town, who.by, one), who.by) : 0]
      })
      expect({ who: who.by, shown }).toEqual({ who: who.by, shown: known })
      const roomsShown = roomlist.map((one) => [one.id, one.unread, one.admins.length > 0]).sort()
      const belongs = [...town.rooms].flatMap(([name, one]) => {
        const membership = one?.members.get(who.by)
        return one === null || membership === undefined
          ? []
          : [[crew.roomId(name), unreadIn(one.feed, who.by), membership.role !== 'member']]
      })
      expect({ who: who.by, roomsShown }).toEqual({ who: who.by, roomsShown: belongs.sort() })
    },
    toString: () => `${who.by}.${who.device} looks`,
  }
}

const befriending: readonly FriendRequest[] = ['request', 'confirm']
const friendRequests: readonly FriendRequest[] = ['revoke', 'ban', 'unban', 'mute', 'unmute']
const growing: readonly RoomStatus[] = ['create', 'add', 'join']
const shrinking: readonly RoomStatus[] = ['remove', 'leave', 'ban', 'unban', 'mute', 'unmute']

const roomAsk = (statuses: readonly RoomStatus[]): fc.Arbitrary<Command> =>
  fc.record({ who: asker, name: room, status: fc.constantFrom(...statuses), list: listing, isChannel: fc.boolean() }).map(roomCommand)
const friendAsk = (requests: readonly FriendRequest[]): fc.Arbitrary<Command> =>
  fc.record({ who: asker, about: person, request: fc.constantFrom(...requests) }).map(friendCommand)

const everybody = Array.from({ length: size }, (_one, i) => i)
const target = fc.record({ from: fc.nat({ max: 1_000 }), device: fc.nat({ max: 1 }) })
const aimedFriend = fc.tuple(target, fc.constantFrom(...befriending, ...friendRequests)).map(([{ from, device }, request]) => {
  const pairs = everybody.flatMap((by) =>
    everybody.filter((about) => about !== by).map((about) => ({ who: { by, device }, about, request })),
  )
  return aimed(pairs.map(friendCommand), from)
})
const aimedRoom = fc
  .tuple(target, fc.constantFrom(...growing, ...shrinking), listing, fc.boolean())
  .map(([{ from, device }, status, list, isChannel]) => {
    const asks = everybody.flatMap((by) => roomNames.map((name) => ({ who: { by, device }, name, status, list, isChannel })))
    return aimed(asks.map(roomCommand), from)
  })

const aimedDelete = target.map(({ from, device }) => {
  const asks = everybody.flatMap((by) =>
    roomNames.map((name) => ({ who: { by, device }, name, status: 'delete', list: nobody, isChannel: false }) as const),
  )
  return aimed(asks.map(roomCommand), from)
})
/** The owner of a room leaves it, to an heir who has to be found. */
const aimedLeave = target.map(({ from, device }) => {
  const asks = everybody.flatMap((by) =>
    roomNames.map((name) => ({ who: { by, device }, name, status: 'leave', list: nobody, isChannel: false }) as const),
  )
  const owners = asks.map((ask): Aimable => {
    const leaving = roomCommand(ask)
    const isGranted = (town: Town): boolean =>
      town.rooms.get(ask.name)?.members.get(ask.who.by)?.role === 'owner' && membersOf(town, ask.name).length > 2
    return { ...leaving, isGranted }
  })
  return aimed(owners, from)
})
const aimedRead = target.map(({ from, device }) => {
  const places = [...everybody.map((friend) => ({ friend })), ...roomNames.map((name) => ({ room: name }))]
  return aimed(
    everybody.flatMap((by) => places.map((where) => readCommand({ by, device }, where))),
    from,
  )
})

const weighted: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Command>])[] = [
  [4, friendAsk([...befriending, ...friendRequests])],
  [8, aimedFriend],
  [5, roomAsk([...growing, ...shrinking])],
  [14, aimedRoom],
  [1, roomAsk(['delete'])],
  [1, aimedDelete],
  [2, aimedLeave],
  [4, fc.tuple(asker, person).map(([who, to]) => textCommand(who, to))],
  [4, fc.tuple(asker, room).map(([who, name]) => roomTextCommand(who, name))],
  [3, target.map(({ from }) => aimed(roomNames.map(chorusCommand), from))],
  [3, aimedRead],
  [4, asker.map(lookCommand)],
  [2, asker.map(broadcastCommand)],
]
const anyCommand = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })))

/** Most meet before anything else happens, so that what follows is not only refused. */
const opening: readonly Command[] = [
  ...[
    [0, 1],
    [0, 2],
    [1, 2],
    [3, 0],
  ].flatMap(([by, about]) => [
    friendCommand({ who: { by: by!, device: 0 }, about: about!, request: 'request' }),
    friendCommand({ who: { by: about!, device: 1 }, about: by!, request: 'confirm' }),
  ]),
  roomCommand({ who: { by: 0, device: 1 }, name: 'A', status: 'create', list: { members: [1, 3], admins: [2] }, isChannel: false }),
  roomCommand({ who: { by: 1, device: 0 }, name: 'B', status: 'create', list: { members: [2], admins: [] }, isChannel: true }),
]

let server: WireServer

beforeAll(async () => {
  server = await startWireServer()
})
afterAll(() => server.close())

test(`whatever ${size} people with two devices each ask, everyone is told what rpc.md says (seed ${seed})`, async () => {
  const granted = new Set<string>()
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: steps, maxLength: steps }), async (commands) => {
      const crew = await openCrew(server.mqtt, size, ++run)
      const town = newTown(size)
      const world: World = { crew, texts: 0, granted }
      const done: string[] = []
      try {
        for (const one of [...opening, ...commands]) {
          if (!one.check(town)) continue
          done.push(one.toString())
          await one.run(town, world)
        }
      } catch (error) {
        throw new Error(`after\n  ${done.join('\n  ')}\n${String(error)}`, { cause: error })
      } finally {
        crew.close()
      }
    }),
    { seed, numRuns: runs, endOnFailure: true },
  )
  // The runs are no empty talk: nearly all of it has been granted at least once.
  const kinds = [...befriending, ...friendRequests].map((request) => `Friend/${request}`)
  const rooms = [...growing, ...shrinking, 'delete'].filter((status) => status !== 'unban').map((status) => `Room/${status}`)
  if (seed !== usualSeed) return
  expect([...granted]).toEqual(expect.arrayContaining([...kinds, ...rooms, 'Message', 'Message/room', 'broadcast', 'chorus', 'read']))
})
