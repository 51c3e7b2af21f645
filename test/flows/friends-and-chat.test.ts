/** flows.md 2: two users become friends and chat; a second device, an offline device; direct publishes, a ban. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const search = `
 1 A1 > E {'Search',RA,<<"phone">>,<<"phone">>,'==',[<<"380670002234">>],contact}
 2 > A1 act {io,{ok,<<"phone">>},{'Roster',RA,[],[],[],[],[{'Contact',PB,[],<<"Boris">>,[],[],[],[],0,0,[],0,[],offline,[]}],[],[],[],[],[],0,contact}}
`

const friendship = `
 3 A1 > E {'Friend',PA,PB,request}
 4 > A1 ses/380670001234  {'Contact',PB,[],<<"Boris">>,[],[],[],[],0,0,[],T1,[],offline,request}
 5 > B1 B2 ses/380670002234  {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],0,0,[],T1,[],offline,authorization}
 6 B1 > E {'Friend',PB,PA,confirm}
 7 > B1 act {io,{ok,added},{ok,added}}
 8 > A1 ses/380670001234  {'Contact',PB,[],<<"Boris">>,[],[],[],[],0,0,[],T2,[],online,friend}
 9 > B1 B2 ses/380670002234  {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],0,0,[],T2,[],online,friend}
10 > A1 B1 B2 P2P  {'Message',M100,chain,K,[],[],[],PB,PA,T2,[D(<<>>)],[],[],[],internal}
`

const chat = `
11 A1 > E {'Message',[],chain,K,[],[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],client}
12 > A1 B1 P2P  {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],sent}
   -- B2 will get it as it stands when it comes back, after step 23 (docs/decisions/0004)
   > B2 P2P  {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[D(<<"hello!">>)],[],[],[],sent}
   v11|> A1 act {'Ack','Message',<<"A1-1">>}
13 A1 > E {'Message',[],chain,K,[],[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],client}
14 > A1 act {'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],sent}
   v11|> A1 act {'Ack','Message',<<"A1-1">>}
v1|15 B1 > E {'Typing',PB,PA}
v11|15 B1 > E {'Typing',PA,[]}
v1|16 > A1 B1 P2P {'Typing',PB,PA}
v11|16 > A1 B1 P2P {'Typing',PB,[]}
17 B1 > E {'History',PB,K,0,M101,[],update}
18 > B1 B2 ses/380670002234
        {'Contact',PA,[],[],[],[],[],[],M101,0,{'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],sent},T4,[],[],last_msg}
19 > A1 B1 B2 P2P {'History',PB,K,0,M101,[],updated}
`

/** Step 20, as flow 1; what A2 finds are the roster, contacts and history of A. */
const secondDevice = `
   A2 CONNECT reg_A2 will version/1 => 0
   > A2 act {vnode_max,4}
   v1|A2 > E {'Auth',<<"reg_A2">>,<<"DEV-A2">>,[],<<"380670001234">>,[],reg,[],[],[],[],ios,[],[]}
   v11|A2 > E {'Auth',<<"reg_A2">>,<<"DEV-A2">>,[],<<"380670001234">>,[],reg,[],[],[],[],[],ios,[],[]}
   > A2 act {io,{ok,sms_sent},<<>>}
   v1|A2 > E {'Auth',[],<<"DEV-A2">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[]}
   v11|A2 > E {'Auth',[],<<"DEV-A2">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[],[]}
   > A2 act {io,{ok2,login,{<<"emqttd_A2">>,TOKEN_A2}},<<>>}
   PROFILE = {'Profile',<<"380670001234">>,[],[{'Roster',RA,<<"Anna">>,<<"Koval">>,[],<<"anna_k">>,[SELF,BORIS],[],[],[],<<"380670001234">>,[],TR,[]}],[],TP,0,online,init}
   SELF = {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],0,0,[],TR,[],offline,friend}
   BORIS = {'Contact',PB,[],<<"Boris">>,[],[],[],[],M101,0,{'Message',M101,chain,K,M100,[],<<"A1-1">>,PA,PB,T3,[D(<<"hello">>)],[],[],[],sent},T2,[],online,friend}
   > A2 act PROFILE
   A2 DISCONNECT
   A2 CONNECT emqttd_A2 password TOKEN_A2 will version/1 => 0
   > A2 act {vnode_max,4}
   > A2 act PROFILE
`

const editing = `
21 B1 > E {'Message',[],chain,K,[],[],<<"B1-1">>,PB,PA,T5,[D(<<"hi">>)],reply,M101,[],client}
22 > A1 A2 B1 B2 P2P {'Message',M102,chain,K,M101,[],<<"B1-1">>,PB,PA,T5,[D(<<"hi">>)],reply,M101,[],sent}
   v11|> B1 act {'Ack','Message',<<"B1-1">>}
23 A2 > E {'Message',M101,[],[],[],[],[],[],[],[],[D(<<"hello!">>)],[],[],[],edit}
24 > A1 A2 B1 B2 P2P {'Message',M101,chain,K,M100,M102,<<"A1-1">>,PA,PB,T3,[D(<<"hello!">>)],[],[],[],edit}
25 B1 > E {'Message',M101,[],[],[],[],[],[],[],[],[D(<<"x">>)],[],[],[],edit}
v1|26 > B1 act {io,{error,not_authorized},<<>>}
v11|26 > B1 act {io,{error,permission_denied},<<>>}
`

const offlineDevice = `
   ANNA = {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],M102,0,{'Message',M102,chain,K,M101,[],<<"B1-1">>,PB,PA,T5,[D(<<"hi">>)],reply,M101,[],sent},_,[],online,friend}
27 B2 CONNECT emqttd_B2 password TOKEN_B2 will version/1 => 0 present
28 > B2 act {vnode_max,4}
   > B2 act {'Profile',<<"380670002234">>,[],[{'Roster',RB,<<"Boris">>,[],[],[],[ANNA,_],[],[],[],<<"380670002234">>,[],_,[]}],[],_,0,online,init}
   > B2 QUEUE
`

const directPublishes = `
   A1 > P2P {'Message',[],chain,K,[],[],<<"A1-2">>,PA,PB,T6,[D(<<"direct">>)],[],[],[],client}
   > A1 A2 B1 B2 P2P {'Message',M103,chain,K,M102,[],<<"A1-2">>,PA,PB,T6,[D(<<"direct">>)],[],[],[],sent}
   v11|> A1 act {'Ack','Message',<<"A1-2">>}
   -- the unsorted name is delivered on the sorted one
   B1 > p2p/PB/PA {'Message',[],chain,K,[],[],<<"B1-2">>,PB,PA,T7,[D(<<"unsorted">>)],[],[],[],client}
   > A1 A2 B1 B2 P2P {'Message',M104,chain,K,M103,[],<<"B1-2">>,PB,PA,T7,[D(<<"unsorted">>)],[],[],[],sent}
   v11|> B1 act {'Ack','Message',<<"B1-2">>}
   -- every other payload is relayed unchanged, the publisher included
   B1 > P2P 0x00ff10
   > A1 A2 B1 B2 P2P 0x00ff10
   -- a device of the phone speaks to the others
   A2 > ses/380670001234 0x7f00
   > A1 A2 ses/380670001234 0x7f00
   -- a subject that is not the publisher
   A1 > P2P {'Message',[],chain,K,[],[],<<"A1-3">>,PB,PA,T,[D(<<"forged">>)],[],[],[],client}
   -- a stranger
   C1 > P2P {'Message',[],chain,K,[],[],<<"C1-1">>,PC,PB,T,[D(<<"intruder">>)],[],[],[],client}
   C1 > P2P 0x00ff11
   C1 > ses/380670001234 0x00ff12
   C1 > ac/PA 0x00ff13
   C1 > actions/1/api/emqttd_A1 0x00ff14
`

const ban = `
   B1 > E {'Friend',PB,PA,ban}
   > B1 act {io,{ok,added},{ok,added}}
   v1|> A1 A2 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[],[],_,_,_,_,[],_,banned}
   v11|> A1 A2 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[_,_],_,_,_,_,[],[],_,ban}
   v1|> B1 B2 ses/380670002234 {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],_,_,_,_,[],_,banned}
   v11|> B1 B2 ses/380670002234 {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[_,_],_,_,_,_,[],[],_,banned}
   A1 > E {'Message',[],chain,K,[],[],<<"A1-4">>,PA,PB,T,[D(<<"please">>)],[],[],[],client}
   v1|> A1 act {io,{error,not_authorized},<<>>}
   v11|> A1 act {io,{error,permission_denied},<<>>}
   A1 > P2P {'Message',[],chain,K,[],[],<<"A1-5">>,PA,PB,T,[D(<<"please">>)],[],[],[],client}
   A1 > P2P 0x00ff15
   v1|A1 > E {'Typing',PA,PB}
   v11|A1 > E {'Typing',PB,[]}
   B1 > P2P 0x00ff16
   A1 > ac/PA 0x00ff17
   B1 > ac/PB 0x00ff18
   -- friends again
   B1 > E {'Friend',PB,PA,unban}
   > B1 act {io,{ok,added},{ok,added}}
   v1|> A1 A2 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[],[],_,_,_,_,[],online,unbanned}
   v11|> A1 A2 ses/380670001234 {'Contact',PB,[],<<"Boris">>,[],[],[_,_],_,_,_,_,[],[],online,friend}
   v1|> B1 B2 ses/380670002234 {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],_,_,_,_,[],online,unbanned}
   v11|> B1 B2 ses/380670002234 {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[_,_],_,_,_,_,[],[],online,friend}
   A1 > P2P 0x00ff19
   > A1 A2 B1 B2 P2P 0x00ff19
`

describe('one user finds another by phone', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, { ...run, number: run.number + runs.length })
      await stage.join('A1', '380670001234', 'Anna')
      await stage.join('B1', '380670002234', 'Boris')
      await stage.play(search)
      stage.close()
    })
  }
})

describe('two users become friends and chat', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.join('A1', '380670001234', 'Anna')
      await stage.prepare(['A1', `{'Roster',RA,[],<<"Koval">>,[],<<"anna_k">>,[],[],[],[],[],[],[],patch}`])
      await stage.join('B1', '380670002234', 'Boris')
      await stage.join('B2', '380670002234')
      await stage.join('C1', '380670003234', 'Clara')
      await stage.leave('B2')
      for (const part of [friendship, chat, secondDevice, editing, offlineDevice, directPublishes, ban]) await stage.play(part)
      stage.close()
    })
  }
})
