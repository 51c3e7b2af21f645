/** flows.md 4: presence as friends see it. A has A1 and A2, both away; B is a friend, C shares only a room with A. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const awayBefore = `
   A2 DISCONNECT
   A1 DISCONNECT
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T,[],offline,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T,[],offline,[]}
`

const comesAndGoes = `
 1 A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
 2 > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T1,[],online,[]}
 3 > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T1,[],online,[]}
 4 A2 CONNECT emqttd_A2 password TOKEN_A2 will version/1 => 0 present
   > A2 act {vnode_max,4}
   > A2 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
 5 A2 DISCONNECT
 6 A1 CUT
 7 > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T2,[],offline,[]}
 8 > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T2,[],offline,[]}
`

const takenOver = `
   A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T3,[],online,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T3,[],online,[]}
   -- the old connection still stands: no push at all, now and when its end is noticed
 9 A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   A1 DISCONNECT
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T4,[],offline,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T4,[],offline,[]}
`

const unsupportedVersion = `
10 A1 CONNECT emqttd_A1 password TOKEN_A1 will version/99 => 0 present
   > A1 act {io,{error,invalid_version},<<>>}
   > A1 CLOSED
`

const wills = `
11 A1 CONNECT emqttd_A1 password TOKEN_A1 will ac/PA 0x00ff40 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T5,[],online,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T5,[],online,[]}
   A1 CUT
   > B1 ac/PA  0x00ff40
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T6,[],offline,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T6,[],offline,[]}
   -- a will on ac/ of someone else vanishes
   A1 CONNECT emqttd_A1 password TOKEN_A1 will ac/PB 0x00ff41 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T7,[],online,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T7,[],online,[]}
   A1 CUT
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T8,[],offline,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T8,[],offline,[]}
   A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   > A1 act {'Profile',<<"380670001234">>,_,_,_,_,_,online,init}
   > B1 ac/PA  {'Contact',PA,[],[],[],[],[],[],0,0,[],T9,[],online,[]}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T9,[],online,[]}
`

/** After a ban neither sees the pushes of the other; the Profile shows offline. A and B share no room. */
const banned = `
   B1 > E {'Friend',PB,PA,ban}
   > B1 act {io,{ok,added},{ok,added}}
   > A1 ses/380670001234 {'Contact',PB,_,_,_,_,_,_,_,_,_,_,_,_,_}
   > B1 ses/380670002234 {'Contact',PA,_,_,_,_,_,_,_,_,_,_,_,_,_}
   A1 DISCONNECT
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T10,[],offline,[]}
   A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0 present
   > A1 act {vnode_max,4}
   BORIS = {'Contact',PB,[],<<"Boris">>,[],[],[],[],_,_,_,_,[],offline,_}
   > A1 act {'Profile',<<"380670001234">>,[],[{'Roster',RA,<<"Anna">>,[],[],[],[_,BORIS],_,[],[],<<"380670001234">>,[],_,[]}],[],_,0,online,init}
   > C1 muc/PA {'Contact',PA,[],[],[],[],[],[],0,0,[],T11,[],online,[]}
`

describe('presence as friends see it', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.join('A1', '380670001234', 'Anna')
      await stage.join('A2', '380670001234')
      await stage.join('B1', '380670002234', 'Boris')
      await stage.join('C1', '380670003234', 'Clara')
      await stage.prepare(
        ['A1', `{'Friend',PA,PB,request}`],
        ['B1', `{'Friend',PB,PA,confirm}`],
        ['A1', `{'Friend',PA,PC,request}`],
        ['C1', `{'Friend',PC,PA,confirm}`],
        [
          'A1',
          `{'Room',<<"r1">>,<<"Trip">>,[],[],[{'Member',[],chain,[],[],[],[],PC,[],[],[],[],[],[],0,0,[],[],member}],[],[],group,[],0,0,[],0,0,create}`,
        ],
        ['A1', `{'Friend',PA,PC,revoke}`],
      )
      for (const part of [awayBefore, comesAndGoes, takenOver, unsupportedVersion, wills, banned]) await stage.play(part)
      stage.close()
    })
  }
})
