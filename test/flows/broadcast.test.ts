/** flows.md 5: friendship broadcast by a backend service. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { startWireServer, type WireServer } from '../wire/wire-server.js'
import { newStage, runs } from './stage.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4', NYNJA_SERVICES: 'news=secret-of-the-news' })
})
afterAll(() => server.close())

const broadcast = `
 1 S CONNECT sys_news password secret-of-the-news will ac/PB 0x00 => 0
   > S act {vnode_max,4}
 2 S > ac/PA {'Contact',PA,<<"https://files/avatar1.jpg">>,[],[],[],[],[],0,0,[],T1,[],[],[]}
 3 > B1 B2 C1 ac/PA {'Contact',PA,<<"https://files/avatar1.jpg">>,[],[],[],[],[],0,0,[],T1,[],[],[]}
 4 S > ac/PA {'Loc',30.52,50.45,[]}
   > B1 B2 C1 ac/PA {'Loc',30.52,50.45,[]}
   S > ac/PA 0x00ff50
   > B1 B2 C1 ac/PA 0x00ff50
 5 A1 > ac/PA 0x00ff51
   > B1 B2 C1 ac/PA 0x00ff51
 6 B1 > ac/PA 0x00ff52
   B1 > ac/PA {'Contact',PA,[],<<"Anne">>,[],[],[],[],0,0,[],0,[],[],[]}
 7 Z CONNECT sys_news password wrong => 4
   Z CONNECT sys_news => 4
   Z CONNECT sys_other password secret => 4
`

/** topics.md 15. */
const everywhere = `
   S > ses/380670001234 0x00ff53
   > A1 A2 ses/380670001234 0x00ff53
   S > P2P 0x00ff54
   > A1 A2 B1 B2 P2P 0x00ff54
   S > actions/1/api/emqttd_B1 0x00ff55
   > B1 act 0x00ff55
   S > muc/PA 0x00ff56
   S > ac/380670009999_1 0x00ff57
   S > ses/380670009999 0x00ff58
   S > E {'Message',[],chain,K,[],[],<<"news-1">>,PA,PB,T3,[D(<<"for Anna">>)],[],[],[],client}
   > A1 A2 B1 B2 P2P {'Message',M2,chain,K,M1,[],<<"news-1">>,PA,PB,T3,[D(<<"for Anna">>)],[],[],[],sent}
   B2 CONNECT emqttd_B2 password TOKEN_B2 will version/1 => 0 present
   > B2 act {vnode_max,4}
   > B2 act {'Profile',<<"380670002234">>,_,_,_,_,_,online,init}
   > B2 QUEUE
`

describe('friendship broadcast by a backend service', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = newStage(server.mqtt, run)
      await stage.join('A1', '380670001234', 'Anna')
      await stage.join('A2', '380670001234')
      await stage.join('B1', '380670002234', 'Boris')
      await stage.join('B2', '380670002234')
      await stage.join('C1', '380670003234', 'Clara')
      await stage.prepare(['A1', `{'Friend',PA,PC,request}`], ['C1', `{'Friend',PC,PA,confirm}`])
      await stage.play(`
        A1 > E {'Friend',PA,PB,request}
        > A1 ses/380670001234 _
        > A2 ses/380670001234 _
        > B1 B2 ses/380670002234 _
        B1 > E {'Friend',PB,PA,confirm}
        > B1 act _
        > A1 A2 ses/380670001234 _
        > B1 B2 ses/380670002234 _
        > A1 A2 B1 B2 P2P {'Message',M1,_,_,_,_,_,_,_,_,_,_,_,_,internal}`)
      await stage.leave('B2')
      for (const part of [broadcast, everywhere]) await stage.play(part)
      stage.close()
    })
  }
})
