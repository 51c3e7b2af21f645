/** rpc.md 13 to 15, and what v11 asks of a feed, between real devices in both dialects and all codecs. */
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { newStage, type Run, type Stage } from '../flows/stage.js'
import { startWireServer, type WireServer } from './wire-server.js'

const v11 = { codec: 'bert', dialect: 'v11' } as const

const runs: readonly Run[] = [
  { title: 'v1, BERT', number: 0, cast: {} },
  { title: 'v11, BERT', number: 1, cast: { A1: v11, A2: v11, B1: v11, C1: v11 } },
  {
    title: 'a BERT phone of v1, a MessagePack tablet of v11 and JSON pages',
    number: 2,
    cast: {
      A2: { codec: 'msgpack', dialect: 'v11' },
      B1: { codec: 'json', dialect: 'v1' },
      C1: { codec: 'json', dialect: 'v11' },
    },
  },
]

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_NODES: '4' })
})
afterAll(() => server.close())

const message = `
   B1 > E {'Message',[],chain,K,[],[],<<"b1">>,PB,PA,T1,[D(<<"the code is 42">>)],[],[],[],client}
   SENT = {'Message',M1,chain,K,_,[],<<"b1">>,PB,PA,T1,[D(<<"the code is 42">>)],[],[],[],sent}
   > A1 A2 B1 P2P SENT
   v11|> B1 act {'Ack','Message',<<"b1">>}
`

const favourites = `
   v1|A1 > E {'Tag',[],PA,<<"work">>,<<"#f00">>,create}
   v11|A1 > E {'Tag',PA,<<"work">>,<<"#f00">>,create}
   v1|> A1 A2 ses/380670001234 {'Tag',G1,PA,<<"work">>,<<"#f00">>,create}
   v11|> A1 A2 ses/380670001234 {'Tag',PA,<<"work">>,<<"#f00">>,create}
   -- the name is in use
   v1|A1 > E {'Tag',[],PA,<<"work">>,[],create}
   v11|A1 > E {'Tag',PA,<<"work">>,<<>>,create}
   > A1 act {io,{error,invalid_data},<<>>}
   -- the color alone
   v1|A1 > E {'Tag',[],PA,<<"work">>,<<"#00f">>,edit}
   v11|A1 > E {'Tag',PA,<<"work">>,<<"#00f">>,edit}
   v1|> A1 A2 ses/380670001234 {'Tag',G1,PA,<<"work">>,<<"#00f">>,edit}
   v11|> A1 A2 ses/380670001234 {'Tag',PA,<<"work">>,<<"#00f">>,edit}
   -- a star
   v1|A1 > E {'Star',PA,{'Message',M1,chain,[],[],[],[],[],[],[],[],[],[],[],[]},[G1],add}
   v11|A1 > E {'Star',[],<<"s1">>,RA,{'Message',M1,chain,[],[],[],[],[],[],[],[],[],[],[],[],[],[]},[{'Tag',PA,<<"work">>,<<>>,[]}],add}
   COPY = {'Message',M1,chain,K,_,[],<<"b1">>,PB,PA,T1,[{'Desc',<<"d">>,<<"text">>,<<"the code is 42">>,[],[]}],[],[],[],[],[],[]}
   v1|> A1 A2 ses/380670001234 {'Star',PA,SENT,[G1],add}
   v11|> A1 A2 ses/380670001234 {'Star',M1,_,RA,COPY,[{'Tag',PA,<<"work">>,<<"#00f">>,[]}],add}
   -- not of what one cannot read
   v1|C1 > E {'Star',PC,{'Message',M1,chain,[],[],[],[],[],[],[],[],[],[],[],[]},[],add}
   v11|C1 > E {'Star',[],[],RC,{'Message',M1,chain,[],[],[],[],[],[],[],[],[],[],[],[],[],[]},[],add}
   > C1 act {io,{error,not_found},<<>>}
   -- the snapshot
   A1 > E {'Roster',RA,[],[],[],[],[],[],[],[],[],[],0,get}
   v1|> A1 act {'Roster',RA,_,_,_,_,_,_,[{'Star',PA,SENT,[G1],[]}],[{'Tag',G1,PA,<<"work">>,<<"#00f">>,[]}],_,_,_,get}
   ORIGIN = {'Contact',PB,[],<<"Boris">>,[],[],_,_,_,_,_,_,_,_,_}
   STARRED = {'ExtendedStar',{'Star',M1,_,RA,COPY,[{'Tag',PA,<<"work">>,<<"#00f">>,[]}],[]},ORIGIN}
   v11|> A1 act {'Roster',RA,_,_,_,_,_,_,[STARRED],[{'Tag',PA,<<"work">>,<<"#00f">>,[]}],_,_,_,get}
   -- and the Profile at login
   A2 DISCONNECT
   A2 CONNECT emqttd_A2 password TOKEN_A2 will version/1 => 0 present
   > A2 act {vnode_max,4}
   v1|> A2 act {'Profile',_,_,[{'Roster',RA,_,_,_,_,_,_,[{'Star',PA,SENT,[G1],[]}],[_],_,_,_,_}],_,_,_,_,init}
   v11|> A2 act {'Profile',_,_,[{'Roster',RA,_,_,_,_,_,_,[STARRED],[_],_,_,_,_}],_,_,_,_,init}
   -- unstarred
   v1|A1 > E {'Star',PA,{'Message',M1,chain,[],[],[],[],[],[],[],[],[],[],[],[]},[],remove}
   v11|A1 > E {'Star',M1,[],RA,[],[],remove}
   v1|> A1 A2 ses/380670001234 {'Star',PA,SENT,[G1],remove}
   v11|> A1 A2 ses/380670001234 {'Star',M1,_,RA,COPY,[_],remove}
   v1|A1 > E {'Tag',G1,[],[],[],remove}
   v11|A1 > E {'Tag',PA,<<"work">>,<<>>,remove}
   v1|> A1 A2 ses/380670001234 {'Tag',G1,PA,<<"work">>,<<"#00f">>,remove}
   v11|> A1 A2 ses/380670001234 {'Tag',PA,<<"work">>,<<"#00f">>,remove}
   v1|A1 > E {'Tag',G1,[],[],[],remove}
   v11|A1 > E {'Tag',PA,<<"work">>,<<>>,remove}
   > A1 act {io,{error,not_found},<<>>}
`

const locations = `
   A1 > E {'Loc',30.52,50.45,[]}
   > B1 ac/PA {'Loc',30.52,50.45,[]}
   B1 > E {'Roster',RB,[],[],[],[],[],[],[],[],[],[],0,get}
   WHERE = {'Feature',[],<<"LOCATION">>,_,<<"LOC_DATA">>}
   v1|> B1 act {'Roster',RB,_,_,_,_,[{'Contact',PA,_,_,_,_,_,_,_,_,_,_,[WHERE],_,friend},_],_,_,_,_,_,_,get}
   v11|> B1 act {'Roster',RB,_,_,_,_,[{'Contact',PA,_,_,_,_,_,_,_,_,_,[WHERE],_,_,friend},_],_,_,_,_,_,_,get}
   A1 > E {'Loc',[],[],[]}
   > B1 ac/PA {'Loc',[],[],[]}
   A1 > E {'Loc',181.5,50.45,[]}
   > A1 act {io,{error,invalid_data},<<>>}
`

const calls = `
   A1 > E {'CDR',[],PA,PB,0,0,audio,missed}
   > A1 A2 ses/380670001234 {'CDR',CALL,PA,PB,T7,0,audio,missed}
   > B1 ses/380670002234 {'CDR',CALL,PA,PB,T7,0,audio,missed}
   B1 > E {'CDR',CALL,PA,PB,0,12,audio,answered}
   > A1 A2 ses/380670001234 {'CDR',CALL,PA,PB,T7,12,audio,answered}
   > B1 ses/380670002234 {'CDR',CALL,PA,PB,T7,12,audio,answered}
   C1 > E {'CDR',CALL,PA,PB,0,13,audio,failed}
   v1|> C1 act {io,{error,not_authorized},<<>>}
   v11|> C1 act {io,{error,permission_denied},<<>>}
   A1 > E {'CDR',[],PA,PA,0,13,audio,failed}
   > A1 act {io,{error,invalid_data},<<>>}
`

/** Asked by A2, who speaks v11. */
const kinds = `
   v11|A2 > E {'History',PA,K,-10,0,[],text}
   v11|> A2 act {'History',PA,K,-10,0,[_,{'Message',M1,chain,K,_,_,_,PB,PA,_,_,_,_,_,_,_,_}],text}
   v11|A2 > E {'History',PA,K,-10,0,[],image}
   v11|> A2 act {'History',PA,K,-10,0,[],image}
   v11|A2 > E {'History',PA,K,2,M1,[],double_get}
   v11|> A2 act {'History',PA,K,2,M1,[{'Message',M1,chain,K,_,_,_,PB,PA,_,_,_,_,_,_,_,_}],double_get}
   v11|A2 > E {'History',PA,K,0,M1,[],get_reply}
   v11|> A2 act {'History',PA,K,0,M1,[],get_reply}
   v11|A2 > E {'History',PA,K,0,0,[],delete}
   v11|> A1 A2 ses/380670001234 {'Message',M1,chain,K,[],[],[],PA,PB,_,[],[],[],[],[],[],clear}
   v1|> A1 ses/380670001234 {'Message',M1,chain,K,[],[],[],PA,PB,_,[],[],[],[],deleted}
   v11|A2 > E {'History',PA,K,-10,0,[],get}
   v11|> A2 act {'History',PA,K,-10,0,[],get}
   v11|A2 > E {'History',PB,K,0,0,[],delete}
   v11|> A2 act {io,{error,permission_denied},<<>>}
`

async function gather(run: Run): Promise<Stage> {
  const stage = newStage(server.mqtt, run)
  await stage.join('A1', '380670001234', 'Anna')
  await stage.join('A2', '380670001234')
  await stage.join('B1', '380670002234', 'Boris')
  await stage.join('C1', '380670003234', 'Clara')
  await stage.prepare(['A1', `{'Friend',PA,PB,request}`], ['B1', `{'Friend',PB,PA,confirm}`])
  return stage
}

describe('tags, stars, locations and calls', () => {
  for (const run of runs) {
    test(run.title, async () => {
      const stage = await gather(run)
      for (const part of [message, favourites, locations, calls]) await stage.play(part)
      stage.close()
    })
  }
})

describe('history by kind, and cleared', () => {
  for (const run of runs.filter(({ number }) => number > 0)) {
    test(run.title, async () => {
      const stage = await gather({ ...run, number: run.number + runs.length })
      for (const part of [message, kinds]) await stage.play(part)
      stage.close()
    })
  }
})
