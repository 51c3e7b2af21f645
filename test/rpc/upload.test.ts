/** rpc.md 10, Message/upload: announced, completed by its author, or erased after a day. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Desc, type Message, record, type RecordOf } from '../../protocol/index.js'
import { contacts, cursors, feedLevel, uploadBatchOf, uploadOwners } from '../../rpc/documents/index.js'
import { type PhoneId, parseRoomId } from '../../topics/index.js'
import { openTimers, type TimerWorld } from './timer-world.js'
import {
  aContact,
  ann,
  aRoom,
  type AskOptions,
  boris,
  type ChatWorld,
  clara,
  friends,
  now,
  only,
  openChatWorld,
  type Result,
} from './chat-world.js'

let world: ChatWorld
let timers: TimerWorld
beforeAll(async () => {
  world = await openChatWorld()
  timers = openTimers(world.store, world.context)
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.put(
    ...aRoom(trip, [
      [ann, 'owner'],
      [boris, 'member'],
      [clara, 'member'],
    ]),
  )
})
afterAll(() => world.close())

const trip = parseRoomId('trip')!
const chat = `p2p/${ann}/${boris}`
const day = 24 * 60 * 60_000
const picture = record('Desc', { id: 'p', mime: 'image' })
const there = record('Desc', { id: 'p', mime: 'image', payload: 'https://files/p.png' })

function upload(parts: Partial<Message> = {}, options?: AskOptions): Promise<Result> {
  return world.ask(ann, record('Message', { from: ann, to: boris, files: [picture], status: 'upload', ...parts }), options)
}

function complete(id: number | null, parts: Partial<Message> = {}, who: PhoneId = ann, options?: AskOptions): Promise<Result> {
  return world.ask(who, record('Message', { id, files: [there], status: 'complete', ...parts }), options)
}

const pushed = ({ pushes }: Pick<Result, 'pushes'>): RecordOf<'Message'> => {
  const [message] = only(
    'Message',
    pushes.map((push) => push.record),
  )
  if (message === undefined) throw new Error('nothing was pushed')
  return message
}

async function announced(parts: Partial<Message> = {}): Promise<RecordOf<'Message'>> {
  return pushed(await upload(parts))
}

async function history(who: PhoneId, other: PhoneId): Promise<readonly (number | null)[]> {
  const feed = record('p2p', { from: who, to: other })
  const { answers } = await world.ask(who, record('History', { roster_id: who, feed, size: -1_000, status: 'get' }))
  return only('History', answers).flatMap(({ data }) => only('Message', data).map(({ id }) => id))
}

async function reads(who: PhoneId, id: number | null): Promise<{ readonly unread: number | null; readonly last: number | null }> {
  const feed = record('p2p', { from: ann, to: boris })
  const { pushes } = await world.ask(who, record('History', { roster_id: who, feed, entity_id: id, status: 'update' }))
  const [contact] = only(
    'Contact',
    pushes.map((push) => push.record),
  )
  return { unread: contact?.unread ?? null, last: contact?.last_msg?.id ?? null }
}

describe('Message/upload', () => {
  test('is numbered and goes to the feed with status link, each file under an id nobody can guess', async () => {
    const files = [
      { ...picture, id: 'full' },
      { ...picture, id: 'small', mime: 'thumb', parentid: 'full' },
      record('Desc', { id: 't', payload: 'hi' }),
    ]
    const result = await upload({ msg_id: 'U1', files, created: now - 1 })
    expect(result.answers).toEqual([])
    expect(result.pushes.map(({ topic, to }) => [topic, to])).toEqual([[chat, ['emqttd_A1', 'emqttd_A2', 'emqttd_B1']]])
    const message = pushed(result)
    expect(message).toMatchObject({ msg_id: 'U1', from: ann, to: boris, created: now - 1, status: 'link' })
    const [full, small, text] = message.files as readonly [Desc, Desc, Desc]
    expect(full.id).toMatch(/^up_[0-9a-f]{32}-0$/)
    expect([small.id?.endsWith('-1'), small.parentid, text.payload]).toEqual([true, full.id, 'hi'])
    const owner = await world.store.get(uploadOwners.key(uploadBatchOf(full.id!)!))
    expect(owner && uploadOwners.decode(owner)).toEqual({ owner: ann, until: now + day })
  })

  test('is in the history of its author only, and unread for nobody, until it is complete', async () => {
    const said = pushed(
      await world.ask(boris, record('Message', { from: boris, to: ann, files: [record('Desc', { payload: 'x' })], status: 'client' })),
    )
    await reads(boris, said.id)
    const { id } = await announced()
    expect([(await history(ann, boris)).at(-1), (await history(boris, ann)).at(-1)]).toEqual([id, said.id])
    expect(await reads(boris, said.id)).toEqual({ unread: 0, last: said.id })
    await complete(id)
    expect((await history(boris, ann)).at(-1)).toBe(id)
    expect(await reads(boris, said.id)).toEqual({ unread: 1, last: id })
  })

  test('with a known msg_id is not announced again', async () => {
    const first = await announced({ msg_id: 'U2' })
    const again = await upload({ msg_id: 'U2' }, { dialect: 'v11' })
    expect([again.answers, again.pushes]).toEqual([[first], []])
    await complete(first.id)
    expect((await upload({ msg_id: 'U2' })).answers).toMatchObject([{ id: first.id, status: 'sent', files: [there] }])
  })

  test('in a room goes to its members, but not to those who must not see it', async () => {
    const { pushes } = await upload({ to: trip, seenby: [2] })
    expect(pushes.map(({ topic, to }) => [topic, to])).toEqual([['room/trip', ['emqttd_A1', 'emqttd_A2', 'emqttd_C1']]])
  })

  for (const [why, parts, error] of [
    ['has no file', { files: [] }, 'invalid_data'],
    ['has more than ten files', { files: Array.from({ length: 11 }, () => picture) }, 'invalid_data'],
    ['has a text beyond the limit', { files: [record('Desc', { payload: 'x'.repeat(16_385) })] }, 'invalid_data'],
    ['is from another', { from: boris, to: ann }, 'not_authorized'],
    ['goes to somebody who is no friend', { to: '380670009999_1' }, 'not_authorized'],
    ['goes to a room that is not there', { to: 'lobby' }, 'room_not_found'],
    ['answers nothing', { type: ['reply'] }, 'invalid_data'],
    ['answers what the author cannot read', { type: ['reply'], link: 999_999 }, 'invalid_data'],
  ] as const)
    test(`that ${why} is ${error}`, async () => {
      const result = await upload(parts)
      expect([result.error, result.pushes]).toEqual([error, []])
    })
})

describe('Message/complete', () => {
  test('posts the message under its id, with the files as they are now, and acknowledges it to v11', async () => {
    const { id } = await announced({ msg_id: 'C1' })
    const result = await complete(id, {}, ann, { dialect: 'v11' })
    expect(result.answers).toEqual([record('Ack', { table: 'Message', id: 'C1' })])
    expect(result.pushes.map(({ topic, to }) => [topic, to])).toEqual([[chat, ['emqttd_A1', 'emqttd_A2', 'emqttd_B1']]])
    expect(pushed(result)).toMatchObject({ id, msg_id: 'C1', from: ann, to: boris, files: [there], status: 'sent' })
    const cursor = await world.store.get(cursors.key(ann, feedLevel(chat)))
    expect(cursor && cursors.decode(cursor)).toBe(id)
  })

  test('does not move the cursor of the author back, nor at all where a service completes it', async () => {
    const { id } = await announced()
    const other = await announced()
    const later = pushed(
      await world.ask(ann, record('Message', { from: ann, to: boris, files: [record('Desc', { payload: 'y' })], status: 'client' })),
    )
    await complete(id)
    const cursor = await world.store.get(cursors.key(ann, feedLevel(chat)))
    expect(cursor && cursors.decode(cursor)).toBe(later.id)
    await world.put(cursors.put(1, ann, feedLevel(chat)))
    expect(pushed(await complete(other.id, {}, ann, { asService: true }))).toMatchObject({ id: other.id })
    const after = await world.store.get(cursors.key(ann, feedLevel(chat)))
    expect(after && cursors.decode(after)).toBe(1)
  })

  test('is invalid_data without files, or with an empty text', async () => {
    const { id } = await announced()
    expect((await complete(id, { files: [] })).error).toBe('invalid_data')
    expect((await complete(id, { files: [record('Desc', { payload: null })] })).error).toBe('invalid_data')
  })

  test('is not_found for an unknown message, a completed one, an erased one and one that was no upload', async () => {
    const { id } = await announced()
    await complete(id)
    const erased = await announced()
    await world.ask(ann, record('Message', { id: erased.id, status: 'deleted' }))
    for (const one of [null, 999_999, id, erased.id]) expect((await complete(one)).error).toBe('not_found')
  })

  test('is not_authorized for anybody but the author, and for him once he may not post', async () => {
    const { id } = await announced()
    expect((await complete(id, {}, boris)).error).toBe('not_authorized')
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), ann, boris))
    expect((await complete(id)).error).toBe('not_authorized')
    await world.put(...friends(ann, boris))
    expect((await complete(id)).error).toBeUndefined()
  })
})

describe('until it is complete', () => {
  test('it cannot be edited, read or answered by others, and its author may take it back', async () => {
    const { id } = await announced()
    const edit = record('Message', { id, files: [there], status: 'edit' })
    expect([(await world.ask(ann, edit)).error, (await world.ask(boris, edit)).error]).toEqual(['invalid_data', 'not_authorized'])
    const reply = record('Message', {
      from: boris,
      to: ann,
      files: [record('Desc', { payload: 'r' })],
      type: ['reply'],
      link: id,
      status: 'client',
    })
    expect((await world.ask(boris, reply)).error).toBe('invalid_data')
    const taken = await world.ask(ann, record('Message', { id, status: 'deleted' }))
    expect(taken.pushes).toMatchObject([{ topic: chat, record: { id, files: [], status: 'deleted' } }])
  })
})

describe('after 24 hours', () => {
  test('what is not complete is erased, the feed is told once, and the ids are nobody’s', async () => {
    const at = now + 10 * day
    const message = pushed(await upload({}, { at }))
    const done = pushed(await upload({}, { at }))
    await complete(done.id)
    await timers.pass(at + day - 1)
    expect(timers.next).toBe(at + day)
    const sent = await timers.pass(at + day)
    expect(sent).toEqual([
      {
        topic: chat,
        to: ['emqttd_A1', 'emqttd_A2', 'emqttd_B1'],
        record: record('Message', { ...message, next: done.id, files: [], status: 'deleted' }),
      },
    ])
    expect(await timers.pass(at + 2 * day)).toEqual([])
    expect(await world.store.get(uploadOwners.key(uploadBatchOf(message.files[0]!.id!)!))).toBeUndefined()
    expect((await complete(message.id)).error).toBe('not_found')
    expect(await history(boris, ann)).toContain(done.id)
  })

  test('the author alone is told where the two have parted', async () => {
    const at = now + 20 * day
    const message = pushed(await upload({}, { at }))
    await world.put(contacts.put(aContact({ state: 'friend', bans: true }), ann, boris))
    expect(await timers.pass(at + day)).toMatchObject([{ to: ['emqttd_A1', 'emqttd_A2'], record: { id: message.id, status: 'deleted' } }])
    await world.put(...friends(ann, boris))
  })
})
