/** flows.md 1: registration and login. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const flow = `
   SA = {'Contact',PA,[],[],[],[],[],[],0,0,[],0,[],offline,friend}
   VERIFIED = {'Profile',<<"380670001234">>,[],[{'Roster',RA,[],[],[],[],[SA],[],[],[],<<"380670001234">>,[],0,[]}],[],T,0,offline,init}
   LOGIN = {'Profile',<<"380670001234">>,[],[{'Roster',RA,[],[],[],[],[SA],[],[],[],<<"380670001234">>,[],0,[]}],[],T,0,online,init}
 1 A1 CONNECT reg_A1 will version/1 => 0
 2 > A1 act {vnode_max,4}
 v1|3 A1 > E {'Auth',<<"reg_A1">>,<<"DEV-A1">>,[],<<"380670001234">>,[],reg,[],[],[],[],ios,[],[]}
 v11|3 A1 > E {'Auth',<<"reg_A1">>,<<"DEV-A1">>,[],<<"380670001234">>,[],reg,[],[],[],[],[],ios,[],[]}
 4 > A1 act {io,{ok,sms_sent},<<>>}
 v1|5 A1 > E {'Auth',<<"reg_A1">>,<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"000000">>,[],[],[],[],[],[]}
 v11|5 A1 > E {'Auth',[],<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"000000">>,[],[],[],[],[],[],[]}
 6 > A1 act {io,{error,invalid_sms_code},<<>>}
   -- a request other than Auth or init before login
   A1 > E {'Roster',1,<<"Anna">>,[],[],[],[],[],[],[],[],[],[],patch}
   v1|> A1 act {io,{error,not_authorized},<<>>}
   v11|> A1 act {io,{error,permission_denied},<<>>}
 v1|7 A1 > E {'Auth',<<"reg_A1">>,<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[]}
 v11|7 A1 > E {'Auth',[],<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[],[]}
 8 > A1 act {io,{ok2,login,{<<"emqttd_A1">>,TOKEN_A1}},<<>>}
 9 > A1 act VERIFIED
   -- verify again on the same registration connection
 v1|A1 > E {'Auth',<<"reg_A1">>,<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[]}
 v11|A1 > E {'Auth',[],<<"DEV-A1">>,[],<<"380670001234">>,[],verify,<<"481516">>,[],[],[],[],[],[],[]}
   > A1 act {io,{error,session_not_found},<<>>}
10 A1 DISCONNECT
   A1 CONNECT emqttd_A1 password wrong will version/1 => 4
   A1 CONNECT emqttd_A1 password TOKEN_A1 will version/1 => 0
11 > A1 act {vnode_max,4}
12 > A1 act LOGIN
   -- the self-contact follows (rpc.md 8)
   SA1 = {'Contact',PA,[],<<"Anna">>,<<"Koval">>,[],[],[],0,0,[],T1,[],offline,friend}
   SA2 = {'Contact',PA,[],<<"Anna">>,<<"Koval">>,<<"anna_k">>,[],[],0,0,[],T2,[],offline,friend}
13 A1 > E {'Roster',RA,<<"Anna">>,<<"Koval">>,[],[],[],[],[],[],[],[],[],patch}
14 > A1 ses/380670001234 {'Roster',RA,<<"Anna">>,<<"Koval">>,[],[],[SA1],[],[],[],<<"380670001234">>,[],T1,patch}
15 A1 > E {'Roster',RA,[],[],[],<<"anna_k">>,[],[],[],[],[],[],[],nick}
16 > A1 ses/380670001234 {'Roster',RA,<<"Anna">>,<<"Koval">>,[],<<"anna_k">>,[SA2],[],[],[],<<"380670001234">>,[],T2,nick}
`

describe('registration and login', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.play(flow)
      stage.close()
    })
  }
})
