/** rpc.md 17, Job: messages that are published at a time, once, with the rights that their author has then. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Feature, type Job, type Message, record } from '../../protocol/index.js'
import { contacts, dueJobs, jobs, rosters } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readFeedState } from '../../rpc/views/feed-state.js'
import { type PhoneId, parseRoomId } from '../../topics/index.js'
import {
  aContact,
  ann,
  anne,
  aRoom,
  type AskOptions,
  boris,
  type ChatWorld,
  clara,
  dan,
  friends,
  now,
  only,
  openChatWorld,
  type Result,
  type Sent,
} from './chat-world.js'
import { openTimers, type TimerWorld } from './timer-world.js'

let world: ChatWorld
let timers: TimerWorld
beforeEach(async () => {
  world = await openChatWorld({ hasScheduler: true })
  timers = openTimers(world.store, world.context)
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.put(
    ...aRoom(trip, [
      [ann, 'owner'],
      [boris, 'member'],
    ]),
  )
})
afterEach(() => world.close())

const trip = parseRoomId('trip')!
const hour = 60 * 60_000
const at = now + hour
const ses = 'ses/380670001234'
const feedOf = (author: PhoneId) => record('act', { name: 'publish', data: author })
const text = (payload: string, parts: Partial<Message> = {}): Message =>
  record('Message', { from: ann, to: boris, files: [record('Desc', { payload })], status: 'client', ...parts })

function job(status: NonNullable<Job['status']>, parts: Partial<Job> = {}): Job {
  return record('Job', { feed_id: feedOf(ann), ...(status === 'init' ? { time: at, data: [text('hi')] } : {}), ...parts, status })
}

function ask(asked: Job, options: AskOptions = {}): Promise<Result> {
  return world.ask(ann, asked, { dialect: 'v11', ...options })
}

/** Schedules, and returns the answer. */
async function scheduled(parts: Partial<Job> = {}): Promise<Job> {
  const { answers, error } = await ask(job('init', parts))
  const [answered] = only('Job', answers)
  if (answered === undefined) throw new Error(`not scheduled: ${String(error)}`)
  return answered
}

async function listed(parts: Partial<Parameters<typeof record<'History'>>[1]> = {}, options: AskOptions = {}): Promise<Result> {
  return world.ask(ann, record('History', { roster_id: ann, feed: feedOf(ann), size: 1_000, status: 'get', ...parts }), {
    dialect: 'v11',
    ...options,
  })
}

async function jobsOf(): Promise<readonly Job[]> {
  return only('History', (await listed()).answers).flatMap(({ data }) => only('Job', data))
}

const rowsOf = async (): Promise<number> =>
  (await world.store.scan(jobs.prefix(), { limit: 1_000 })).length + (await world.store.scan(dueJobs.prefix(), { limit: 1_000 })).length

/** What was published: topic, text; of a Job its status. */
const told = (sent: readonly Sent[]): readonly string[] =>
  sent.map(({ topic, record: one }) => {
    if (one.tag === 'Message') return `${topic} ${one.files[0]?.payload ?? ''} ${String(one.status)}`
    return one.tag === 'Job' ? `${topic} Job/${String(one.status)}` : `${topic} ${one.tag}`
  })
const published = [`p2p/${ann}/${boris} hi sent`, `${ses} Job/complete`]

describe('Job/init', () => {
  test('is answered with the job, pending, which the other devices of its author see, and nothing else', async () => {
    const { answers, pushes } = await ask(job('init', { context: 'mine' }))
    const expected = job('pending', { id: now, time: at, context: 'mine', data: [text('hi')] })
    expect(answers).toEqual([expected])
    expect(pushes).toEqual([{ topic: ses, to: ['emqttd_A2'], record: expected }])
  })

  test('publishes at its time, not before, and once', async () => {
    const { id } = await scheduled()
    expect(await timers.pass(at - 1)).toEqual([])
    expect(timers.next).toBe(at)
    const sent = await timers.pass(at)
    expect(told(sent)).toEqual(published)
    expect(sent[0]).toMatchObject({ to: ['emqttd_A1', 'emqttd_A2', 'emqttd_B1'], record: { from: ann, to: boris, created: at, type: [] } })
    expect(sent[1]).toMatchObject({ to: ['emqttd_A1', 'emqttd_A2'], record: { id, data: [] } })
    expect(await timers.pass(at + hour)).toEqual([])
    expect(await rowsOf()).toBe(0)
  })

  test('reads nothing for an author who is away; one who publishes at his device has read', async () => {
    const feed = `p2p/${ann}/${boris}`
    const unread = async () => {
      const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' })
      const [own, others] = [await readFeedState(reader, feed, ann), await readFeedState(reader, feed, boris)]
      return { unread: own.unread, seenByBoris: others.otherReader }
    }
    for (const word of ['one', 'two', 'three']) await world.ask(boris, text(word, { from: boris, to: ann }))
    await scheduled()
    expect(told(await timers.pass(at))).toEqual(published)
    expect(await unread()).toEqual({ unread: 3, seenByBoris: 0 })
    const { id } = await scheduled({ time: at + hour })
    const sent = await ask(job('complete', { id }))
    const [message] = only(
      'Message',
      sent.pushes.map((push) => push.record),
    )
    expect(await unread()).toEqual({ unread: 0, seenByBoris: message?.id })
  })

  test('publishes once where two workers find it due at the same moment', async () => {
    for (const to of [boris, clara]) await scheduled({ data: [text('hi', { to })] })
    const others = [openTimers(world.store, world.context), openTimers(world.store, world.context)]
    const sent = (await Promise.all([timers, ...others].map((one) => one.pass(at)))).flat()
    expect(
      told(sent)
        .filter((line) => line.startsWith('p2p'))
        .sort(),
    ).toEqual([`p2p/${ann}/${boris} hi sent`, `p2p/${ann}/${clara} hi sent`])
    expect(sent).toHaveLength(4)
  })

  test('that fell due while the server was down publishes when it is back', async () => {
    await scheduled()
    expect(told(await openTimers(world.store, world.context).pass(at + 100 * hour))).toEqual(published)
  })

  test('holds up to ten messages, which are published together', async () => {
    const rooms = text('all', { to: trip, feed_id: null })
    await scheduled({ data: [text('one'), text('two', { from: null, msg_id: 'J2' }), rooms] })
    expect(told(await timers.pass(at))).toEqual([
      `p2p/${ann}/${boris} one sent`,
      `p2p/${ann}/${boris} two sent`,
      'room/trip all sent',
      `${ses} Job/complete`,
    ])
  })

  test('repeated with the same msg_id is answered with the job that is there', async () => {
    const first = await scheduled({ data: [text('hi', { msg_id: 'J1' })] })
    expect(await scheduled({ data: [text('hi', { msg_id: 'J1' })], time: at + 1 })).toEqual(first)
    expect(await jobsOf()).toHaveLength(1)
  })

  const zone = (value: string | null, group: string | null = 'LOCAL_TIME'): readonly Feature[] => [
    record('Feature', { key: 'TimeZone', value, group }),
  ]
  for (const { what, settings, time, utc } of [
    {
      what: 'an instant to come, whatever the zone',
      settings: zone('Europe/Kyiv', 'AUTH_DATA'),
      time: '2023-11-15T12:00Z',
      utc: '2023-11-15T12:00Z',
    },
    {
      what: 'an instant to come, in a zone nobody knows',
      settings: zone('Atlantis', null),
      time: '2023-11-15T12:00Z',
      utc: '2023-11-15T12:00Z',
    },
    {
      what: 'what the clocks of a zone will show, no instant to come',
      settings: zone('America/New_York', 'AUTH_DATA'),
      time: '2023-11-14T22:00Z',
      utc: '2023-11-15T03:00Z',
    },
    {
      what: 'what the clocks of a zone show, where it says so',
      settings: zone('Europe/Kyiv'),
      time: '2023-11-15T12:00Z',
      utc: '2023-11-15T10:00Z',
    },
  ])
    test(`takes a time: ${what}`, async () => {
      expect(await scheduled({ time: Date.parse(time), settings })).toMatchObject({ time: Date.parse(time), settings })
      expect(await timers.pass(Date.parse(utc) - 1)).toEqual([])
      expect(told(await timers.pass(Date.parse(utc)))).toEqual(published)
    })

  test('is published at once without a time, once for a msg_id, and told as complete', async () => {
    const forwarded = job('init', { time: null, data: [text('hi', { msg_id: 'F1' })] })
    const { answers, pushes } = await ask(forwarded)
    expect(answers).toMatchObject([{ tag: 'Job', status: 'complete', time: now, data: [] }])
    expect(told(pushes)).toEqual(published)
    const again = await ask(forwarded)
    expect(again.answers).toMatchObject([{ tag: 'Job', status: 'complete' }])
    expect(told(again.pushes)).toEqual([`${ses} Job/complete`])
    expect(await jobsOf()).toEqual([])
    expect(await timers.pass(at)).toEqual([])
  })

  test('without a time, all of it is published or nothing', async () => {
    const { error, pushes } = await ask(job('init', { time: null, data: [text('hi'), text('x', { to: dan })] }))
    expect({ error, pushes }).toEqual({ error: 'not_authorized', pushes: [] })
  })

  for (const [why, parts, error] of [
    ['of another feed', { feed_id: record('act', { name: 'other', data: ann }) }, 'invalid_data'],
    ['without a feed', { feed_id: null }, 'invalid_data'],
    ['of a list of feeds', { feed_id: record('act', { data: [1] }) }, 'invalid_data'],
    ['of somebody else', { feed_id: feedOf(boris) }, 'not_authorized'],
    ['without messages', { data: [] }, 'invalid_data'],
    ['of no messages', { data: 'hi' }, 'invalid_data'],
    ['of other things', { data: [1] }, 'invalid_data'],
    ['of eleven messages', { data: Array.from({ length: 11 }, () => text('x')) }, 'invalid_data'],
    ['of two messages with one msg_id', { data: [text('x', { msg_id: 'a' }), text('y', { msg_id: 'a' })] }, 'invalid_data'],
    ['of a message without content', { data: [text('')] }, 'invalid_data'],
    ['of an upload', { data: [text('x', { status: 'upload' })] }, 'invalid_data'],
    ['of a message from another', { data: [text('x', { from: boris, to: ann })] }, 'not_authorized'],
    [
      'of a message that disagrees with itself',
      { data: [text('x', { to: boris, feed_id: record('muc', { name: 'trip' }) })] },
      'invalid_data',
    ],
    ['of a message to somebody who is no friend', { data: [text('x', { to: dan })] }, 'not_authorized'],
    ['of a message to no room', { data: [text('x', { to: 'lobby' })] }, 'room_not_found'],
    ['for now', { time: now }, 'invalid_data'],
    ['for next year and later', { time: now + 366 * 24 * hour + 1 }, 'invalid_data'],
    ['beyond every calendar', { time: Number.MAX_SAFE_INTEGER, settings: zone('Europe/Kyiv') }, 'invalid_data'],
    ['in a time zone that is none', { settings: zone('Atlantis') }, 'invalid_data'],
    ['in a time zone without a name', { settings: zone(null) }, 'invalid_data'],
    ['that speaks for the server', { settings: [record('Feature', { key: 'REFUSED', group: 'JOB_DATA' })] }, 'invalid_data'],
    ['with too many settings', { settings: Array.from({ length: 51 }, () => record('Feature', { key: 'k' })) }, 'invalid_data'],
    ['with a long context', { context: 'x'.repeat(1_025) }, 'invalid_data'],
    ['too large', { data: ['a', 'b', 'c', 'd'].map((one) => text(one.repeat(16_000))) }, 'invalid_data'],
  ] as const)
    test(`${why} is ${error}`, async () => {
      const result = await ask(job('init', parts))
      expect([result.error, result.pushes, await rowsOf()]).toEqual([error, [], 0])
    })

  test('beyond a hundred jobs is invalid_data', async () => {
    for (let i = 0; i < 100; i++) await scheduled()
    const ids = (await jobsOf()).map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 100 }, (_, i) => now + i))
    expect((await ask(job('init'))).error).toBe('invalid_data')
  })

  test('of a message that has been sent is invalid_data', async () => {
    await world.ask(ann, text('hi', { msg_id: 'M1' }))
    expect((await ask(job('init', { data: [text('hi', { msg_id: 'M1' })] }))).error).toBe('invalid_data')
  })

  test('is invalid_data where there is no scheduler', async () => {
    const other = await openChatWorld()
    await other.put(...friends(ann, boris))
    expect((await other.ask(ann, job('init'))).error).toBe('invalid_data')
    await other.close()
  })
})

describe('a job that falls due', () => {
  test('is stopped, and its author told why, where he may not write any more', async () => {
    const { id } = await scheduled({ data: [text('hi', { msg_id: 'J1' })] })
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), ann, boris))
    const sent = await timers.pass(at)
    expect(told(sent)).toEqual([`${ses} Job/stop`])
    const stopped = sent[0]!.record as Job
    expect(stopped).toMatchObject({ id, data: [{ msg_id: 'J1' }] })
    expect(stopped.settings).toEqual([record('Feature', { key: 'REFUSED', value: 'permission_denied', group: 'JOB_DATA' })])
    expect(await jobsOf()).toEqual([stopped])
    expect(await timers.pass(at + hour)).toEqual([])
    await world.put(...friends(ann, boris))
    expect((await ask(job('restart', { id, time: at + 2 * hour }), { at: at + hour })).answers).toMatchObject([
      { status: 'pending', settings: [] },
    ])
    expect(told(await timers.pass(at + 2 * hour))).toEqual(published)
  })

  test('publishes what it may, and keeps the rest', async () => {
    await scheduled({ data: [text('hi'), text('room', { to: trip }), text('cl', { to: clara })] })
    await world.put(contacts.remove(ann, boris))
    const sent = await timers.pass(at)
    expect(told(sent)).toEqual(['room/trip room sent', `p2p/${ann}/${clara} cl sent`, `${ses} Job/stop`])
    expect(await jobsOf()).toMatchObject([{ data: [{ files: [{ payload: 'hi' }] }] }])
  })

  test('is done without a word where its message has been sent meanwhile', async () => {
    await scheduled({ data: [text('hi', { msg_id: 'J1' })] })
    await world.ask(ann, text('hi', { msg_id: 'J1' }))
    expect(told(await timers.pass(at))).toEqual([`${ses} Job/complete`])
  })

  test('of a roster that is gone is forgotten', async () => {
    await scheduled()
    await world.put(rosters.remove(ann))
    expect(await timers.pass(at)).toEqual([])
    expect(await rowsOf()).toBe(0)
  })
})

describe('a job that waits', () => {
  test('is changed by update, and falls due at its new time only', async () => {
    const { id } = await scheduled({ context: 7 })
    const { answers, pushes } = await ask(job('update', { id, time: at + hour, data: [text('changed')] }))
    expect(answers).toEqual([job('update', { id, time: at + hour, context: 7, data: [text('changed')] })])
    expect(pushes).toMatchObject([{ topic: ses, to: ['emqttd_A2'] }])
    expect(await timers.pass(at)).toEqual([])
    expect(told(await timers.pass(at + hour))).toEqual([`p2p/${ann}/${boris} changed sent`, `${ses} Job/complete`])
  })

  test('keeps what update does not give', async () => {
    const { id } = await scheduled({ context: 'mine' })
    await ask(job('update', { id, context: 'yours' }))
    expect(await jobsOf()).toEqual([job('pending', { id, time: at, context: 'yours', data: [text('hi')] })])
  })

  test('does not fall due while it is stopped, and does after restart', async () => {
    const { id } = await scheduled()
    for (const _ of [1, 2]) expect((await ask(job('stop', { id }))).answers).toMatchObject([{ id, time: at, status: 'stop' }])
    expect(await timers.pass(at - 1)).toEqual([])
    expect(timers.next).toBe(Infinity)
    for (const _ of [1, 2]) expect((await ask(job('restart', { id }))).answers).toMatchObject([{ id, status: 'pending' }])
    expect(told(await timers.pass(at))).toEqual(published)
  })

  test('cannot be restarted for a time that has passed', async () => {
    const { id } = await scheduled()
    await ask(job('stop', { id }))
    expect((await ask(job('restart', { id }), { at })).error).toBe('invalid_data')
    expect(await jobsOf()).toMatchObject([{ id, status: 'stop' }])
  })

  test('is published at once by complete', async () => {
    const { id } = await scheduled()
    const { answers, pushes } = await ask(job('complete', { id }))
    expect(answers).toEqual([job('complete', { id, time: at })])
    expect(told(pushes)).toEqual(published)
    expect(await timers.pass(at)).toEqual([])
  })

  test('that may not be published stays as it is', async () => {
    const { id } = await scheduled({ data: [text('room', { to: trip }), text('hi')] })
    await world.put(contacts.remove(ann, boris))
    const result = await ask(job('complete', { id }))
    expect([result.error, result.pushes]).toEqual(['not_authorized', []])
    expect(await jobsOf()).toMatchObject([{ id, data: [{ to: trip }, { to: boris }], status: 'pending' }])
  })

  test('is removed by delete', async () => {
    const { id } = await scheduled()
    const { answers, pushes } = await ask(job('delete', { id }))
    expect(answers).toEqual([job('delete', { id, time: at })])
    expect(told(pushes)).toEqual([`${ses} Job/delete`])
    expect([await rowsOf(), await timers.pass(at)]).toEqual([0, []])
  })

  for (const status of ['update', 'stop', 'restart', 'complete', 'delete'] as const)
    test(`is nobody else's, and none that there is not, for ${status}`, async () => {
      const { id } = await scheduled()
      const errors = []
      for (const parts of [{ id, feed_id: feedOf(boris) }, { id, feed_id: null }, { id: 5 }, { id: null }, { id: -1 }]) {
        errors.push((await ask(job(status, parts))).error)
      }
      expect(errors).toEqual(['not_authorized', 'invalid_data', 'not_found', 'not_found', 'not_found'])
    })
})

describe('History/get of the feed of jobs', () => {
  test('lists pending and stopped ones by id, page by page', async () => {
    const ids: (number | null)[] = []
    for (let i = 0; i < 5; i++) ids.push((await scheduled()).id)
    await ask(job('stop', { id: ids[1]! }))
    const pages = []
    for (const [size, entity_id] of [
      [2, 0],
      [2, ids[2]!],
      [-2, 0],
      [-2, ids[2]!],
      [null, null],
    ] as const) {
      const [page] = only('History', (await listed({ size, entity_id })).answers)
      pages.push([page?.data.map((one) => (one.tag === 'Job' ? [ids.indexOf(one.id), one.status] : [])), page?.next])
    }
    expect(pages).toEqual([
      [
        [
          [0, 'pending'],
          [1, 'stop'],
        ],
        ids[2],
      ],
      [
        [
          [2, 'pending'],
          [3, 'pending'],
        ],
        ids[4],
      ],
      [
        [
          [3, 'pending'],
          [4, 'pending'],
        ],
        ids[2],
      ],
      [
        [
          [1, 'stop'],
          [2, 'pending'],
        ],
        ids[0],
      ],
      [
        [
          [0, 'pending'],
          [1, 'stop'],
          [2, 'pending'],
          [3, 'pending'],
          [4, 'pending'],
        ],
        0,
      ],
    ])
  })

  test('is cut where one payload does not hold it', async () => {
    for (const one of ['a', 'b', 'c']) await scheduled({ data: [text(one.repeat(16_000)), text(one.repeat(16_000))] })
    const answers = only('History', (await listed()).answers)
    expect(answers.map(({ data }) => data.length)).toEqual([1, 1, 1])
  })

  test('is empty where nothing is scheduled', async () => {
    expect((await listed()).answers).toEqual([
      record('History', { roster_id: ann, feed: feedOf(ann), size: 1_000, next: 0, status: 'get' }),
    ])
  })

  for (const [why, parts, error] of [
    ['of another roster', { roster_id: boris, feed: feedOf(boris) }, 'not_authorized'],
    ['of another roster of the caller', { feed: feedOf(anne) }, 'invalid_data'],
    ['of another name', { feed: record('act', { name: 'x', data: ann }) }, 'invalid_data'],
  ] as const)
    test(`${why} is ${error}`, async () => {
      expect((await listed(parts, { rosters: [ann, anne] })).error).toBe(error)
    })
})

describe('Message/client of type sched', () => {
  const sched = (parts: Partial<Message> = {}): Message => text('hi', { type: ['sched'], created: at, msg_id: 'S1', ...parts })

  test('is scheduled for the time in created, and answered with the id of the job', async () => {
    const { answers, pushes } = await world.ask(ann, sched())
    expect(answers).toEqual([record('io', { code: record('ok2', { code: 'pending', src: String(now) }) })])
    expect(told(pushes)).toEqual([`${ses} Job/pending`])
    expect((await world.ask(ann, sched())).answers).toEqual(answers)
    expect(told(await timers.pass(at))).toEqual(published)
  })

  for (const [why, parts, error] of [
    ['without a time', { created: null }, 'invalid_data'],
    ['for a time that has passed', { created: now - 1 }, 'invalid_data'],
    ['of another author', { from: boris, to: ann }, 'not_authorized'],
    ['to somebody who is no friend', { to: dan }, 'not_authorized'],
    ['without content', { files: [] }, 'invalid_data'],
  ] as const)
    test(`${why} is ${error}`, async () => {
      const result = await world.ask(ann, sched(parts))
      expect([result.error, result.pushes, await rowsOf()]).toEqual([error, [], 0])
    })
})
