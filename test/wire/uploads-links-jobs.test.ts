/** rpc.md 10 (Message/upload) and 17 between real devices: in both dialects and all codecs, through a crash, and with an operator's packs. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nynja } from '../cli/nynja.js'
import { newStage, type Run, type Stage } from '../flows/stage.js'
import { type Job, type Message, record } from '../../protocol/index.js'
import { type Account, befriend, come, fence, login, recordOf, register, request, takeRecord } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const v11 = { codec: 'bert', dialect: 'v11' } as const
const tablet = { codec: 'msgpack', dialect: 'v11' } as const

/** Links and jobs are for those who all speak v11. */
const runs: readonly (Run & { readonly isV11: boolean })[] = [
  { title: 'v1, BERT', number: 0, cast: {}, isV11: false },
  { title: 'v11, BERT', number: 1, cast: { A1: v11, A2: v11, B1: v11 }, isV11: true },
  {
    title: 'v11, a BERT phone, a MessagePack tablet and a JSON page',
    number: 2,
    cast: { A1: v11, A2: { codec: 'msgpack', dialect: 'v11' }, B1: { codec: 'json', dialect: 'v11' } },
    isV11: true,
  },
  {
    title: 'a BERT phone of v11, a MessagePack tablet and a JSON page of v1',
    number: 3,
    cast: { A1: v11, A2: { codec: 'msgpack', dialect: 'v1' }, B1: { codec: 'json', dialect: 'v1' } },
    isV11: false,
  },
]

const uploads = `
   v1|A1 > E {'Message',[],chain,K,[],[],<<"u1">>,PA,PB,T1,[{'Desc',<<"p">>,<<"image">>,[],0,[],[]}],[],[],[],upload}
   v11|A1 > E {'Message',[],chain,K,[],[],<<"u1">>,PA,PB,T1,[{'Desc',<<"p">>,<<"image">>,[],[],[]}],[],[],[],[],[],async}
   v1|> A1 A2 B1 P2P {'Message',M1,chain,K,_,[],<<"u1">>,PA,PB,T1,[{'Desc',FTP,<<"image">>,[],0,[],[]}],[],[],[],link}
   v11|> A1 A2 B1 P2P {'Message',M1,chain,K,_,[],<<"u1">>,PA,PB,T1,[{'Desc',FTP,<<"image">>,[],[],[]}],[],[],[],[],[],async}
   -- not the other's to complete, nor in his history
   v1|B1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,0,[],[]}],[],[],[],complete}
   v11|B1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,[],[]}],[],[],[],[],[],update}
   v1|> B1 act {io,{error,not_authorized},<<>>}
   v11|> B1 act {io,{error,permission_denied},<<>>}
   B1 > E {'History',PB,K,1,M1,[],get}
   > B1 act {'History',PB,K,_,M1,[],get}
   v1|A1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,0,[],[]}],[],[],[],complete}
   v11|A1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,[],[]}],[],[],[],[],[],update}
   v1|> A1 A2 B1 P2P {'Message',M1,chain,K,_,[],<<"u1">>,PA,PB,T1,[{'Desc',<<"p">>,<<"image">>,<<"u">>,0,[],[]}],[],[],[],sent}
   v11|> A1 A2 B1 P2P {'Message',M1,chain,K,_,[],<<"u1">>,PA,PB,T1,[{'Desc',<<"p">>,<<"image">>,<<"u">>,[],[]}],[],[],[],[],[],[]}
   v11|> A1 act {'Ack','Message',<<"u1">>}
   -- once
   v1|A1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,0,[],[]}],[],[],[],complete}
   v11|A1 > E {'Message',M1,[],[],[],[],[],[],[],[],[{'Desc',<<"p">>,<<"image">>,<<"u">>,[],[]}],[],[],[],[],[],update}
   > A1 act {io,{error,not_found},<<>>}
`

const links = `
   NEW = {'Room',<<"r1">>,<<"News">>,[{'Link',LINK,[],[],[],[],[]}],[],[],[],[],[],channel,[],0,0,[],[],[],0,0,create}
   OWN = {'Link',LINK,[],<<"r1">>,_,channel,[]}
   v11|A1 > E NEW
   v11|> A1 act {'Room',<<"r1">>,<<"News">>,[OWN],[],[],[],[_],[],channel,[],0,0,_,_,_,_,_,create}
   v11|> A1 A2 ses/380670001234 {'Room',<<"r1">>,<<"News">>,[OWN],[],[],[],[_],[],channel,[],0,0,_,_,_,_,_,create}
   > A1 A2 room/r1 _
   v11|A1 > E NEW
   v11|> A1 act {errors,[<<"RCHIE1">>],NEW}
   v11|A1 > E {'Link',SECOND,<<"us">>,<<"r1">>,[],[],update}
   v11|> A1 act {'Link',SECOND,<<"us">>,<<"r1">>,_,channel,update}
   v11|> A1 A2 room/r1 {'Room',<<"r1">>,[],[OWN,_],[],[],[],[],[],[],[],0,0,[],[],[],_,0,patch}
   v11|B1 > E {'Link',SECOND,[],<<"r1">>,[],[],delete}
   v11|> B1 act {errors,[<<"GIE2">>],{'Link',SECOND,[],<<"r1">>,[],[],delete}}
   v11|B1 > E {'Link',SECOND,[],[],[],[],join}
   v11|> B1 ses/380670002234 {'Room',<<"r1">>,<<"News">>,[OWN,_],[],[],[_],[_],[],channel,[],0,0,_,_,_,_,_,join}
   v11|> A1 A2 B1 room/r1 {'Room',<<"r1">>,[],[],[],[],[_],[],[],[],[],0,0,[],[],[],0,0,join}
   > A1 A2 B1 room/r1 _
   v11|A1 > E {'Link',SECOND,[],<<"r1">>,[],[],delete}
   v11|> A1 act {'Link',SECOND,<<"us">>,<<"r1">>,_,channel,delete}
   v11|> A1 A2 B1 room/r1 {'Room',<<"r1">>,[],[OWN],[],[],[],[],[],[],[],0,0,[],[],[],_,0,patch}
   v11|A1 > E {'Link',SECOND,[],[],[],[],get}
   v11|> A1 act {errors,[<<"LNKIE4">>],{'Link',SECOND,[],[],[],[],get}}
`

const jobs = `
   WANTED = {'Message',[],chain,K,[],[],<<"j1">>,PA,PB,[],[{'Desc',<<"d">>,<<"text">>,<<"later">>,[],[]}],[],[],[],[],[],[]}
   WAITING = {'Job',JOB,chain,{act,<<"publish">>,PA},[],[],<<"mine">>,[],LATER,[WANTED],[],[],pending}
   v11|A1 > E {'Job',[],chain,{act,<<"publish">>,PA},[],[],<<"mine">>,[],LATER,[WANTED],[],[],init}
   v11|> A1 act WAITING
   > A2 ses/380670001234 _
   v11|A1 > E {'History',PA,{act,<<"publish">>,PA},10,0,[],get}
   v11|> A1 act {'History',PA,{act,<<"publish">>,PA},10,0,[WAITING],get}
   v11|B1 > E {'Job',JOB,chain,{act,<<"publish">>,PA},[],[],[],[],[],[],[],[],delete}
   v11|> B1 act {io,{error,permission_denied},<<>>}
   v11|A1 > E {'Job',JOB,chain,{act,<<"publish">>,PA},[],[],[],[],[],[],[],[],complete}
   v11|> A1 A2 B1 P2P {'Message',M2,chain,K,_,[],<<"j1">>,PA,PB,T9,[{'Desc',<<"d">>,<<"text">>,<<"later">>,[],[]}],[],[],[],[],[],[]}
   v11|> A1 act {'Job',JOB,chain,{act,<<"publish">>,PA},[],[],<<"mine">>,[],LATER,[],[],[],complete}
   > A2 ses/380670001234 _
   v11|A1 > E {'Job',JOB,chain,{act,<<"publish">>,PA},[],[],[],[],[],[],[],[],stop}
   v11|> A1 act {io,{error,not_found},<<>>}
`

describe('between devices', () => {
  let server: WireServer
  beforeAll(async () => {
    server = await startWireServer({ NYNJA_NODES: '4' })
  })
  afterAll(() => server.close())

  async function gather(run: Run): Promise<Stage> {
    const stage = newStage(server.mqtt, run)
    await stage.join('A1', '380670001234', 'Anna')
    await stage.join('A2', '380670001234')
    await stage.join('B1', '380670002234', 'Boris')
    await stage.prepare(['A1', `{'Friend',PA,PB,request}`], ['B1', `{'Friend',PB,PA,confirm}`])
    stage.bindings.bind('LATER', { kind: 'integer', value: Date.now() + 3_600_000 })
    stage.bindings.bind('LINK', { kind: 'binary', text: `First_${String(run.number)}` })
    stage.bindings.bind('SECOND', { kind: 'binary', text: `second_${String(run.number)}` })
    return stage
  }

  for (const run of runs)
    test(`uploads${run.isV11 ? ', links and jobs' : ''}: ${run.title}`, async () => {
      const stage = await gather(run)
      await stage.play(uploads)
      if (run.isV11) {
        await stage.play(links)
        await stage.play(jobs)
      }
      stage.close()
    })
})

/** Schedules a message for as soon as the server takes it: how slow the machine is decides only how long the test lasts. */
async function schedule(device: WireDevice, from: Account, to: Account): Promise<Job> {
  for (let leadMs = 1_500; ; leadMs *= 4) {
    const message = record('Message', {
      from: from.phoneId,
      to: to.phoneId,
      msg_id: 'once',
      files: [record('Desc', { payload: 'on time' })],
    })
    const feed_id = record('act', { name: 'publish', data: from.phoneId })
    await request(device, record('Job', { feed_id, time: Date.now() + leadMs, data: [message], status: 'init' }), v11)
    const answer = recordOf(await device.pushes.take('the answer', (push) => push.topic.startsWith('actions/')), 'v11')
    if (answer.tag === 'Job') return answer
  }
}

const isMessage = (one: { readonly tag: string }): one is Message => one.tag === 'Message'

test('a scheduled message is published once, though the server is killed before its time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-jobs-'))
  const env = { NYNJA_DATA_DIR: folder }
  const first = await startWireServer(env)
  const anna = await register(first.mqtt, 'jobA1', '380670001234')
  const boris = await register(first.mqtt, 'jobB1', '380670002234')
  const [a, b] = [await come(first.mqtt, anna), await come(first.mqtt, boris)]
  await befriend([anna, a], [boris, b])
  const { id } = await schedule(a, anna, boris)
  first.signal('SIGKILL')
  await first.exited

  const second = await startWireServer(env)
  const again = await login(second.mqtt, boris)
  const isIt = (one: { readonly tag: string }): boolean => isMessage(one) && one.msg_id === 'once'
  // What was not acknowledged before the end comes once more.
  await again.pushes.take('the message', (push) => isIt(recordOf(push)))
  const own = await login(second.mqtt, anna)
  for (;;) {
    const told = recordOf(await own.pushes.take('the end of the job', (push) => push.topic.startsWith('ses/')), 'v1')
    if (told.tag !== 'Job') continue
    expect([told.id, told.status]).toEqual([id, 'complete'])
    break
  }
  await fence(again)
  expect(again.pushes.takeAll().filter((push) => isIt(recordOf(push)))).toEqual([])
  const feed = record('p2p', { from: anna.phoneId, to: boris.phoneId })
  await request(again, record('History', { roster_id: boris.phoneId, feed, size: 100, status: 'get' }))
  const { data } = await takeRecord(again, 'History')
  expect(data.filter(isIt)).toHaveLength(1)
  await Promise.all([again.disconnect(), own.disconnect()])
  await Promise.all([first.close(), second.close()])
  await rm(folder, { recursive: true, force: true })
})

test('packs of stickers are loaded beside a server that runs, and their pictures downloaded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-stickers-'))
  const picture = Buffer.from('\x89PNG\r\n\x1a\n a sticker', 'latin1')
  await mkdir(join(folder, 'packs', 'cats'), { recursive: true })
  await writeFile(
    join(folder, 'packs', 'cats', 'pack.json'),
    JSON.stringify({ id: 7, name: 'Cats', stickers: [{ file: 'a.png', emoji: '👋' }] }),
  )
  await writeFile(join(folder, 'packs', 'cats', 'a.png'), picture)
  const data = join(folder, 'data')
  const server = await startWireServer({ NYNJA_DATA_DIR: data, NYNJA_HTTP_PORT: '0' })
  const anna = await register(server.mqtt, 'stickA1', '380670001234')
  const device = dial(server.mqtt)
  const will = { topic: 'version/11', payload: Buffer.alloc(0) }
  await device.connect({ clientId: anna.clientId, password: anna.token, will })
  await fence(device, tablet)
  device.pushes.takeAll()
  const ask = async () => {
    const asked = record('History', { roster_id: anna.phoneId, feed: record('StickerPack', {}), size: 10, status: 'get' })
    await request(device, asked, tablet)
    return recordOf(await device.pushes.take('the packs'), 'v11')
  }
  expect(await ask()).toMatchObject({ tag: 'History', data: [] })

  expect(await nynja(folder, ['stickers', 'load', 'nothing', '--data-dir', data])).toMatchObject({ code: 2 })
  const loaded = await nynja(folder, ['stickers', 'load', 'packs', '--data-dir', data])
  expect(loaded).toMatchObject({ code: 0, stdout: 'loaded\t7\tCats\n' })
  expect((await nynja(folder, ['stickers', 'list', '--data-dir', data])).stdout).toBe('7\tCats\t1 stickers\n')
  const answer = await ask()
  expect(answer).toMatchObject({
    data: [{ id: 7, name: 'Cats', stickers: [{ mime: 'sticker', size: picture.length, filename: 'a.png' }] }],
  })
  const [pack] = answer.tag === 'History' ? answer.data : []
  const url = pack?.tag === 'StickerPack' ? pack.stickers[0]?.payload : undefined
  const downloaded = await fetch(url!)
  expect([downloaded.headers.get('content-type'), Buffer.from(await downloaded.arrayBuffer()).equals(picture)]).toEqual(['image/png', true])

  await nynja(folder, ['stickers', 'load', 'packs', '--data-dir', data])
  expect(await ask()).toMatchObject({ data: [{ stickers: [{ payload: url }] }] })
  expect((await nynja(folder, ['stickers', 'remove', '7', '--data-dir', data])).code).toBe(0)
  expect(await ask()).toMatchObject({ data: [] })
  expect((await nynja(folder, ['stickers', 'remove', '7', '--data-dir', data])).stderr).toContain('there is no pack 7')
  await device.disconnect()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})
