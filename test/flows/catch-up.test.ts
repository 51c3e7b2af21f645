/** flows.md 6: reconnect after loss and history catch-up. A1 has messages up to 150, loses the connection, and 151 to 190 arrive meanwhile. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** B1 sends the messages of these numbers, all of them before anybody looks. */
const sends = (numbers: readonly number[]): string =>
  [
    ...numbers.map((n) => `B1 > E {'Message',[],chain,K,[],[],<<"m${n}">>,PB,PA,T${n},[D(<<"text ${n}">>)],[],[],[],client}`),
    ...numbers.map(
      (n) => `> A1 A2 B1 P2P {'Message',M${n},chain,K,M${n - 1},[],<<"m${n}">>,PB,PA,T${n},[D(<<"text ${n}">>)],[],[],[],sent}`,
    ),
    ...numbers.map((n) => `v11|> B1 act {'Ack','Message',<<"m${n}">>}`),
  ].join('\n')

/** The messages as history shows them: linked both ways. */
const stored = (from: number, to: number, last: number): string =>
  range(from, to)
    .map(
      (n) =>
        `{'Message',M${n},chain,K,M${n - 1},${n === last ? '[]' : `M${n + 1}`},<<"m${n}">>,PB,PA,T${n},[D(<<"text ${n}">>)],[],[],[],sent}`,
    )
    .join(',')

const before = `
   ${sends(range(131, 150))}
   A1 > E {'History',PA,K,0,M150,[],update}
   > A1 A2 ses/380670001234 _
   > A1 A2 B1 P2P {'History',PA,K,0,M150,[],updated}
   A1 CUT
   ${sends(range(151, 190))}
`

const lastMessage = `{'Message',M190,chain,K,M189,[],<<"m190">>,PB,PA,T190,[D(<<"text 190">>)],[],[],[],sent}`

const catchesUp = `
 1 A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
 2 > A1 act {vnode_max,4}
   BORIS = {'Contact',PB,[],<<"Boris">>,[],[],[],[],M150,40,${lastMessage},_,[],online,friend}
 4 > A1 act {'Profile',<<"380670001234">>,[],[{'Roster',RA,<<"Anna">>,[],[],[],[_,BORIS],[],[],[],<<"380670001234">>,[],_,[]}],[],_,0,online,init}
 5 > A1 QUEUE
 6 A1 > E {'History',PA,K,20,M151,[],get}
v1|7 > A1 act {'History',PA,K,M171,M151,[${stored(151, 170, 190)}],get}
v11 as v1|7 > A1 act {'History',PA,K,20,M151,[${stored(151, 170, 190)}],get}
 8 A1 > E {'History',PA,K,20,M171,[],get}
v1|9 > A1 act {'History',PA,K,0,M171,[${stored(171, 190, 190)}],get}
v11 as v1|9 > A1 act {'History',PA,K,20,M171,[${stored(171, 190, 190)}],get}
10 A1 > E {'History',PA,K,-20,M150,[],get}
v1|11 > A1 act {'History',PA,K,M130,M150,[${stored(131, 150, 190)}],get}
v11 as v1|11 > A1 act {'History',PA,K,-20,M150,[${stored(131, 150, 190)}],get}
   -- a request of the outbox that got no answer: nothing is stored twice
12 B1 > E {'Message',[],chain,K,[],[],<<"m190">>,PB,PA,T190,[D(<<"text 190">>)],[],[],[],client}
   > B1 act ${lastMessage}
   v11|> B1 act {'Ack','Message',<<"m190">>}
13 A1 > E {'History',PA,K,0,M190,[],update}
14 > A1 A2 ses/380670001234 {'Contact',PB,[],[],[],[],[],[],M190,0,${lastMessage},T,[],[],last_msg}
15 > A1 A2 B1 P2P {'History',PA,K,0,M190,[],updated}
`

/** Edits and removals are in the messages that history returns. */
const changed = `
   B1 > E {'Message',M189,[],[],[],[],[],[],[],[],[D(<<"edited">>)],[],[],[],edit}
   > A1 A2 B1 P2P {'Message',M189,chain,K,M188,M190,<<"m189">>,PB,PA,T189,[D(<<"edited">>)],[],[],[],edit}
   B1 > E {'Message',M190,[],[],[],[],[],[],[],[],[],[],[],-1,edit}
   > A1 A2 B1 P2P {'Message',M190,chain,K,M189,[],<<"m190">>,PB,PA,T190,[],[],[],_,deleted}
   A1 > E {'History',PA,K,-2,M190,[],get}
   > A1 act {'History',PA,K,_,M190,[{'Message',M189,chain,K,M188,M190,<<"m189">>,PB,PA,T189,[D(<<"edited">>)],[],[],[],_},
        {'Message',M190,chain,K,M189,[],<<"m190">>,PB,PA,T190,[],[],[],_,deleted}],get}
`

describe('reconnect after loss and history catch-up', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.join('A1', '380670001234', 'Anna')
      await stage.join('A2', '380670001234')
      await stage.join('B1', '380670002234', 'Boris')
      await stage.prepare(['A1', `{'Friend',PA,PB,request}`])
      await stage.play(`
        B1 > E {'Friend',PB,PA,confirm}
        > B1 act _
        > A1 A2 ses/380670001234 _
        > B1 ses/380670002234 _
        > A1 A2 B1 P2P {'Message',M130,_,_,_,_,_,_,_,_,_,_,_,_,internal}`)
      for (const part of [before, catchesUp, changed]) await stage.play(part)
      stage.close()
    })
  }
})
