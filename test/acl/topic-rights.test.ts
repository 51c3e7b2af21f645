import { describe, expect, test } from '@jest/globals'
import {
  audienceOf,
  type Client,
  decidePublish,
  decideReceive,
  decideSubject,
  decideSubscribe,
  factsNeeded,
  noFacts,
} from '../../acl/index.js'
import { parseTopic, topicReference } from '../../topics/index.js'
import { clients, read, readAudience, rosters, type Who } from './cast.js'

const columns = ['own', 'friend', 'stranger', 'banned', 'member', 'muted', 'admin', 'registration', 'anonymous', 'service'] as const

// Written out from docs/protocol/topics.md 1, 5 to 11 and 15: p may publish, s may subscribe, r receives. `own` owns what the topic names,
// and both rooms; `banned` is a friend whom own has banned, and a member of both rooms.
const { own, friend, stranger, banned } = rosters
const table = `
                                   own  friend  stranger  banned  member  muted  admin  registration  anonymous  service
events/1//api/anon//               p--  p--     p--       p--     p--     p--    p--    p--           p--        p--
events/1/2/api/anon/emqttd_A1/     p--  p--     p--       p--     p--     p--    p--    p--           p--        p--
actions/1/api/emqttd_A1            -sr  ---     ---       ---     ---     ---    ---    ---           ---        p--
actions/1/other/emqttd_A1          ---  ---     ---       ---     ---     ---    ---    ---           ---        p--
actions/1/api/reg_A1               ---  ---     ---       ---     ---     ---    ---    -sr           ---        p--
actions/1/api/emqttd_X1            ---  ---     ---       ---     ---     ---    ---    ---           -sr        p--
actions/1/api/sys_news             ---  ---     ---       ---     ---     ---    ---    ---           ---        psr
ses/380670001234                   psr  ---     ---       ---     ---     ---    ---    ---           ---        p--
ac/${own}              p--  -sr     ---       ---     ---     ---    ---    ---           ---        p--
muc/${own}             ---  ---     ---       ---     -sr     -sr    -sr    ---           ---        p--
p2p/${own}/${friend}   psr  psr  ---  ---  ---  ---  ---  ---  ---  p--
p2p/${friend}/${own}   p-r  p-r  ---  ---  ---  ---  ---  ---  ---  p--
p2p/${own}/${stranger} ---  ---  ---  ---  ---  ---  ---  ---  ---  p--
p2p/${own}/${banned}   ---  ---  ---  ---  ---  ---  ---  ---  ---  p--
p2p/${own}/${own}      psr  ---  ---  ---  ---  ---  ---  ---  ---  p--
p2p/${own}/999999999_1 ---  ---  ---  ---  ---  ---  ---  ---  ---  ---
room/trip                          psr  ---     ---       psr     psr     -sr    psr    ---           ---        p--
room/news                          psr  ---     ---       -sr     -sr     -sr    psr    ---           ---        p--
room/nowhere                       ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
version/1                          ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
telemetry/1                        ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
events/2//api/anon//               ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
ses/x                              ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
muc/trip                           ---  ---     ---       ---     ---     ---    ---    ---           ---        ---
`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))

const rows = table.slice(1).map(([name = '', ...cells]) => ({ name, cells }))
const expected = rows.flatMap(({ name, cells }) => columns.map((who, i) => ({ name, who, rights: cells[i] })))

describe('the table of rights', () => {
  test('is complete: every kind of topic, every kind of client, publish, subscribe and receive', () => {
    expect(table[0]).toEqual(columns)
    expect([...columns].sort()).toEqual(Object.keys(clients).sort())
    for (const { cells } of rows) expect(cells.map((cell) => /^[p-][s-][r-]$/.test(cell))).toEqual(columns.map(() => true))
    expect(new Set(rows.map(({ name }) => parseTopic(name).kind))).toEqual(new Set(topicReference.map(({ kind }) => kind)))
    expect(new Set(Object.values(clients).map((client) => client.kind)).size).toBe(4)
  })

  test.each(expected)('$who on $name: $rights', ({ name, who, rights }) => {
    expect(rightsOf(clients[who], name)).toBe(rights)
  })

  test.each(rows)('the audience of $name are those who receive it', ({ name, cells }) => {
    const receivers = columns.filter((_, i) => cells[i]?.endsWith('r'))
    expect(columns.filter((who) => isInAudience(who, name))).toEqual(receivers)
  })

  test('a right that rests on facts is refused without them', () => {
    for (const { name, who, rights } of expected) {
      const topic = parseTopic(name)
      if (!/^(p2p|room|ac|muc)$/.test(topic.kind) || (topic.kind === 'p2p' && topic.left === topic.right)) continue
      if (clients[who].kind === 'service' || rights === 'p--') continue
      expect([name, who, decidePublish(clients[who], topic, noFacts, []).allowed]).toEqual([name, who, false])
      expect([name, who, decideReceive(clients[who], topic, noFacts, []).allowed]).toEqual([name, who, false])
    }
  })
})

describe('subscribing', () => {
  test.each([
    '#',
    '+/#',
    'ses/#',
    'ses/+',
    'ac/+',
    'p2p/+/+',
    `p2p/${own}/+`,
    'room/#',
    'events/#',
    'actions/#',
    '$SYS/#',
    '$share/g/ses/380670001234',
    '',
    'a#',
  ])('to %j is refused to everyone', (filter) => {
    for (const client of Object.values(clients)) expect(decideSubscribe(client, filter, noFacts, []).allowed).toBe(false)
  })
})

describe('the subject of a published tuple', () => {
  test('is one of the own rosters, or anyone for a service', () => {
    const rightful = columns.filter((who) => decideSubject(clients[who], own).allowed)
    expect(rightful).toEqual(['own', 'service'])
    expect(decideSubject(clients.own, '380670001234_99').allowed).toBe(true)
    expect(decideSubject(clients.own, '380670001234').allowed).toBe(false)
  })
})

function rightsOf(client: Client, name: string): string {
  const topic = parseTopic(name)
  const facts = read(factsNeeded(client, topic, 'receive'))
  const publish = decidePublish(client, topic, read(factsNeeded(client, topic, 'publish')), [])
  const subscribe = decideSubscribe(client, name, facts, [])
  const receive = decideReceive(client, topic, facts, [])
  for (const { because } of [publish, subscribe, receive]) expect(because).not.toBe('')
  return (publish.allowed ? 'p' : '-') + (subscribe.allowed ? 's' : '-') + (receive.allowed ? 'r' : '-')
}

function isInAudience(who: Who, name: string): boolean {
  const client = clients[who]
  const topic = parseTopic(name)
  const audience = audienceOf(topic, readAudience(topic))
  if (audience.kind === 'nobody') return false
  // An actions topic under another user name reaches nobody: the broker delivers it by its exact name.
  if (audience.kind === 'client')
    return audience.clientId === client.clientId && topic.kind === 'actions' && topic.user === (client.userName || 'api')
  return client.kind === 'device' && audience.phones.includes(client.phone)
}
