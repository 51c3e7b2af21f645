/** flows.md 3: a room with three members, of whom B and C are not friends. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const created = `
   MB = {'Member',[],chain,[],[],[],[],PB,[],[],[],[],[],[],0,0,[],[],member}
   MC = {'Member',[],chain,[],[],[],[],PC,[],[],[],[],[],[],0,0,[],[],member}
   NA = {'Member',N1,chain,R,[],N2,[],PA,[],<<"Anna">>,<<"Koval">>,[],[],[],M200,T1,[],online,admin}
   NB = {'Member',N2,chain,R,N1,N3,[],PB,[],<<"Boris">>,[],[],[],[],0,0,[],online,member}
   NC = {'Member',N3,chain,R,N2,[],[],PC,[],<<"Clara">>,[],[],[],[],0,0,[],online,member}
   S1 = {'Message',M200,chain,R,[],[],[],PA,<<"r1">>,T1,[D(CREATED)],[],[],[],muc}
 1 A1 > E {'Room',<<"r1">>,<<"Trip">>,[],[],[MB,MC],[],[],group,[],0,0,[],0,0,create}
 2 > A1 act {'Room',<<"r1">>,<<"Trip">>,[],[],[NB,NC],[NA],[],group,[],0,0,S1,T1,T1,create}
   > A1 ses/380670001234 {'Room',<<"r1">>,<<"Trip">>,[],[],[NB,NC],[NA],[],group,[],0,0,S1,T1,T1,create}
   > B1 B2 ses/380670002234 {'Room',<<"r1">>,<<"Trip">>,[],[],[NB,NC],[NA],[],group,[],0,0,S1,T1,T1,create}
   > C1 ses/380670003234 {'Room',<<"r1">>,<<"Trip">>,[],[],[NB,NC],[NA],[],group,[],0,0,S1,T1,T1,create}
 3 > A1 B1 B2 C1 room/r1 S1
`

const talk = `
 4 B1 > E {'Message',[],chain,R,[],[],<<"B1-7">>,PB,<<"r1">>,T2,[D(<<"when?">>)],[],[],[],client}
   MSG201 = {'Message',M201,chain,R,M200,[],<<"B1-7">>,PB,<<"r1">>,T2,[D(<<"when?">>)],[],[],[],sent}
 5 > A1 B1 B2 C1 room/r1 MSG201
   v11|> B1 act {'Ack','Message',<<"B1-7">>}
 6 C1 > E {'History',PC,R,0,M201,[],update}
 7 > C1 ses/380670003234 {'Room',<<"r1">>,[],[],[],[],[],[],[],[],0,0,MSG201,0,0,last_msg}
 8 > A1 B1 B2 C1 room/r1 {'History',PC,R,0,M201,[],updated}
`

const promoted = `
 9 B1 > E {'Room',<<"r1">>,<<"Trip 2">>,[],[],[],[],[],[],[],0,0,[],0,0,patch}
v1|10 > B1 act {io,{error,not_authorized},<<>>}
v11|10 > B1 act {io,{error,permission_denied},<<>>}
11 A1 > E {'Room',<<"r1">>,[],[],[],[],[MB],[],[],[],0,0,[],0,0,add}
   NB2 = {'Member',N2,chain,R,N1,N3,[],PB,[],<<"Boris">>,[],[],[],[],M201,0,[],online,admin}
12 > A1 B1 B2 C1 room/r1 {'Room',<<"r1">>,[],[],[],[],[NB2],[],[],[],0,0,[],0,0,add}
   > A1 B1 B2 C1 room/r1 {'Message',M202,chain,R,M201,[],[],PA,<<"r1">>,T,[D(_)],[],[],[],muc}
   S2 = {'Message',M203,chain,R,M202,[],[],PB,<<"r1">>,T3,[D(<<"Group is renamed to \\"Trip 2\\"">>)],[],[],[],muc}
13 B1 > E {'Room',<<"r1">>,<<"Trip 2">>,[],[],[],[],[],[],[],0,0,[],0,0,patch}
14 > A1 B1 B2 C1 room/r1 {'Room',<<"r1">>,<<"Trip 2">>,[],[],[],[],[],[],[],0,0,S2,T3,0,patch}
15 > A1 B1 B2 C1 room/r1 S2
`

const muted = `
16 C1 > E {'Room',<<"r1">>,[],[],[],[],[],[],[],[],0,0,[],0,0,mute}
17 > C1 ses/380670003234 {'Room',<<"r1">>,[],[],[],[],[],[],[],[],0,0,[],0,0,mute}
   -- an admin mutes a member, who then may not post, by request or directly
   B1 > E {'Room',<<"r1">>,[],[],[],[MC],[],[],[],[],0,0,[],0,0,mute}
   > B1 B2 ses/380670002234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,mute}
   > C1 ses/380670003234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,mute}
   C1 > E {'Message',[],chain,R,[],[],<<"C1-1">>,PC,<<"r1">>,T,[D(<<"but">>)],[],[],[],client}
   v1|> C1 act {io,{error,not_authorized},<<>>}
   v11|> C1 act {io,{error,permission_denied},<<>>}
   C1 > room/r1 {'Message',[],chain,R,[],[],<<"C1-2">>,PC,<<"r1">>,T,[D(<<"but">>)],[],[],[],client}
   C1 > room/r1 0x00ff30
   -- the owner cannot be muted
   B1 > E {'Room',<<"r1">>,[],[],[],[{'Member',[],chain,[],[],[],[],PA,[],[],[],[],[],[],0,0,[],[],member}],[],[],[],[],0,0,[],0,0,mute}
   v1|> B1 act {io,{error,not_authorized},<<>>}
   v11|> B1 act {io,{error,permission_denied},<<>>}
   B1 > E {'Room',<<"r1">>,[],[],[],[MC],[],[],[],[],0,0,[],0,0,unmute}
   > B1 B2 ses/380670002234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,unmute}
   > C1 ses/380670003234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,unmute}
   C1 > room/r1 {'Message',[],chain,R,[],[],<<"C1-3">>,PC,<<"r1">>,T5,[D(<<"noon">>)],[],[],[],client}
   > A1 B1 B2 C1 room/r1 {'Message',M204,chain,R,M203,[],<<"C1-3">>,PC,<<"r1">>,T5,[D(<<"noon">>)],[],[],[],sent}
   v11|> C1 act {'Ack','Message',<<"C1-3">>}
   C1 > room/r1 0x00ff31
   > A1 B1 B2 C1 room/r1 0x00ff31
`

const removed = `
18 A1 > E {'Room',<<"r1">>,[],[],[],[MC],[],[],[],[],0,0,[],0,0,remove}
   NC2 = {'Member',N3,chain,R,N2,[],[],PC,[],<<"Clara">>,[],[],[],[],M204,_,[],online,_}
19 > A1 B1 B2 C1 room/r1 {'Room',<<"r1">>,[],[],[],[NC2],[],[],[],[],0,0,[],0,0,remove}
   > A1 B1 B2 C1 room/r1 {'Message',M205,chain,R,M204,[],[],PA,<<"r1">>,_,[D(_)],[],[],[],muc}
   > C1 ses/380670003234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,remove}
   C1 > room/r1 0x00ff32
   C1 > E {'Message',[],chain,R,[],[],<<"C1-4">>,PC,<<"r1">>,T,[D(<<"hello?">>)],[],[],[],client}
   v1|> C1 act {io,{error,not_authorized},<<>>}
   v11|> C1 act {io,{error,permission_denied},<<>>}
   A1 > room/r1 0x00ff33
   > A1 B1 B2 room/r1 0x00ff33
`

const left = `
20 A1 > E {'Room',<<"r1">>,[],[],[],[],[],[],[],[],0,0,[],0,0,leave}
   NA2 = {'Member',N1,chain,R,[],N2,[],PA,[],<<"Anna">>,<<"Koval">>,[],[],[],_,_,[],online,_}
21 > A1 B1 B2 room/r1 {'Room',<<"r1">>,[],[],[],[NA2],[],[],[],[],0,0,[],0,0,leave}
   > A1 B1 B2 room/r1 {'Message',M206,chain,R,M205,[],[],PA,<<"r1">>,_,[D(_)],[],[],[],muc}
   > A1 ses/380670001234 {'Room',<<"r1">>,[],[],[],_,[],[],[],[],0,0,[],0,0,leave}
   > B1 B2 room/r1 {'Member',N2,chain,R,[],[],[],PB,[],<<"Boris">>,[],[],[],[],M203,T4,[],online,patch}
   -- B is the owner now: only the owner may delete the room
   A1 > room/r1 0x00ff34
   B1 > room/r1 0x00ff35
   > B1 B2 room/r1 0x00ff35
`

/** What was said in a room goes with it, from inboxes, too. */
const deleted = `
   B1 > E {'Room',<<"r1">>,[],[],[],[],[],[],[],[],0,0,[],0,0,delete}
   > B1 B2 room/r1 {'Room',<<"r1">>,_,_,_,_,_,_,_,_,_,_,_,_,_,delete}
   > B1 B2 ses/380670002234 {'Room',<<"r1">>,_,_,_,_,_,_,_,_,_,_,_,_,_,delete}
`

/** B2 was away all the time. */
const absentMember = `
   B2 CONNECT emqttd_B2 password TOKEN_B2 will version/1 => 0 present
   > B2 act {vnode_max,4}
   > B2 act {'Profile',<<"380670002234">>,_,_,_,_,_,online,init}
   > B2 QUEUE
`

describe('a room with three members', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.join('A1', '380670001234', 'Anna')
      await stage.join('B1', '380670002234', 'Boris')
      await stage.join('B2', '380670002234')
      await stage.join('C1', '380670003234', 'Clara')
      await stage.prepare(
        ['A1', `{'Roster',RA,[],<<"Koval">>,[],[],[],[],[],[],[],[],[],patch}`],
        ['A1', `{'Friend',PA,PB,request}`],
        ['B1', `{'Friend',PB,PA,confirm}`],
        ['C1', `{'Friend',PC,PA,request}`],
        ['A1', `{'Friend',PA,PC,confirm}`],
      )
      await stage.leave('B2')
      stage.bindings.define('CREATED', { kind: 'binary', text: `${stage.name('PA')} created the group` })
      for (const part of [created, talk, promoted, muted, removed, left, absentMember, deleted]) await stage.play(part)
      stage.close()
    })
  }
})
