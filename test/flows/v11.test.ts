/** flows.md 7: the same tuples in v11, as they are on the wire. */
import { afterAll, beforeAll, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const chat = `
   HELLO = {'Desc',<<"d">>,<<"text">>,<<"hello">>,[],[]}
   EDITED = {'Desc',<<"d">>,<<"text">>,<<"hello!">>,[],[]}
   -- request, contact
   v11|A1 > E {'Friend',PA,PB,[],request}
   v11|> A1 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[0,0],0,[],T1,T1,[],[],offline,request}
   v11|> B1 ses/380670002234 {'Contact',PA,[],<<"Anna">>,[],[],[0,0],0,[],T1,T1,[],[],offline,authorization}
   v11|B1 > E {'Friend',PB,PA,[],confirm}
   v11|> B1 act {io,{ok,added},{ok,added}}
   v11|> A1 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[0,0],0,[],T2,T1,[],[],online,friend}
   v11|> B1 ses/380670002234 {'Contact',PA,[],<<"Anna">>,[],[],[0,0],0,[],T2,T1,[],[],online,friend}
   -- a system message has type sys, and no status
   v11|> A1 B1 P2P {'Message',M100,chain,K,[],[],[],PB,PA,T2,[{'Desc',<<"d">>,<<"text">>,<<>>,[],[]}],[sys],[],[],[],[],[]}
   -- message, pushed, ack
   v11|A1 > E {'Message',[],chain,K,[],[],<<"A1-1">>,PA,PB,T3,[HELLO],[],[],[],[],[],[]}
   v11|> A1 B1 P2P {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[HELLO],[],[],[],[],[],[]}
   v11|> A1 act {'Ack','Message',<<"A1-1">>}
   -- edit, remove
   v11|A1 > E {'Message',M101,[],[],[],[],[],[],[],[],[EDITED],[edited],[],[],[],[],edit}
   v11|> A1 B1 P2P {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[EDITED],[edited],[],[],[],[],edit}
   -- no right
   v11|B1 > E {'Message',M101,[],[],[],[],[],[],[],[],[HELLO],[edited],[],[],[],[],edit}
   v11|> B1 act {io,{error,permission_denied},<<>>}
   v11|A1 > E {'Message',M101,[],[],[],[],[],[],[],[],[],[],[],[-1],[],[],delete}
   v11|> A1 B1 P2P {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[],_,[],_,[],[],delete}
`

const room = `
   MB = {'Member',[],chain,[],[],[],[],PB,[],[],[],[],0,0,[],[],[],member}
   NA = {'Member',IA,chain,R,[],IB,[],PA,[],<<"Anna">>,[],<<"Anna">>,M200,T4,[],[],online,admin}
   NB = {'Member',IB,chain,R,IA,[],[],PB,[],<<"Boris">>,[],<<"Boris">>,0,0,[],[],online,member}
   S1 = {'Message',M200,chain,R,[],[],[],PA,<<"r1">>,T4,[{'Desc',<<"d">>,<<"text">>,CREATED,[],[]}],[sys],[],[],[],[],[]}
   CREATED_ROOM = {'Room',<<"r1">>,<<"Trip">>,[],[],[],[NB],[NA],[],group,[],0,0,_,_,_,_,T4,create}
   v11|A1 > E {'Room',<<"r1">>,<<"Trip">>,[],[],[],[MB],[],[],group,[],0,0,[],[],[],0,0,create}
   v11|> A1 act CREATED_ROOM
   v11|> A1 ses/380670001234 CREATED_ROOM
   v11|> B1 ses/380670002234 CREATED_ROOM
   v11|> A1 B1 room/r1 S1
`

test('the same tuples in v11', async () => {
  const stage = newStage(server.mqtt, runs[1]!)
  await stage.join('A1', '380670001234', 'Anna')
  await stage.join('B1', '380670002234', 'Boris')
  stage.bindings.bind('CREATED', { kind: 'binary', text: `${stage.name('PA')} created the group` })
  await stage.play(chat)
  await stage.play(room)
  stage.close()
})
