/** What waits in an inbox is delivered as things stand then, and never shows what History does not. @see docs/protocol/topics.md 11 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, type Message, record, type RecordOf } from '../../protocol/index.js'
import { parseRoomId, type PhoneId, type RoomId } from '../../topics/index.js'
import { ann, aRoom, boris, type ChatWorld, clara, friends, openChatWorld } from './chat-world.js'

const club = parseRoomId('club') as RoomId
const inClub = record('muc', { name: club })
const withBoris = record('p2p', { from: ann, to: boris })

let world: ChatWorld
beforeEach(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.put(
    ...aRoom(club, [
      [ann, 'owner'],
      [boris, 'member'],
      [clara, 'member'],
    ]),
  )
})
afterEach(() => world.close())

const text = (payload: string) => [record('Desc', { id: 'd', mime: 'text', payload })]

async function ask(who: PhoneId, asked: AnyRecord): Promise<void> {
  const { error } = await world.ask(who, asked, { dialect: 'v11' })
  if (error !== undefined) throw new Error(error)
}

/** Ann says something; resolves to its id. */
async function says(to: string, said: string, status: Message['status'] = 'client'): Promise<number> {
  const { pushes } = await world.ask(ann, record('Message', { from: ann, to, files: text(said), status }))
  const [id] = pushes.flatMap(({ record: one }) => (one.tag === 'Message' ? (one.id ?? []) : []))
  if (id === undefined) throw new Error('nothing was posted')
  return id
}

const edits = (id: number, said: string) => ask(ann, record('Message', { id, from: ann, files: text(said), status: 'edit' }))
const erases = (id: number) => ask(ann, record('Message', { id, from: ann, seenby: -1, status: 'edit' }))
const member = (phone_id: PhoneId) => record('Member', { phone_id })
const removesBoris = () => ask(ann, record('Room', { id: club, members: [member(boris)], status: 'remove' }))
const addsBoris = () => ask(ann, record('Room', { id: club, members: [member(boris)], status: 'add' }))
const clears = (who: PhoneId, feed: typeof inClub | typeof withBoris) =>
  ask(who, record('History', { roster_id: who, feed, status: 'delete' }))

/** Texts of people in the messages that a device of `who` would be sent, wherever in a record they stand; `-` for one without. */
async function texts(who: PhoneId): Promise<string[]> {
  return (await world.inbox(who)).flatMap(({ record: one }) => messagesIn(one).map(({ files }) => files[0]?.payload ?? '-'))
}

function messagesIn(one: AnyRecord): readonly RecordOf<'Message'>[] {
  if (one.tag === 'Message') return one.status === 'muc' ? [] : [one]
  const last = one.tag === 'Contact' || one.tag === 'Room' ? one.last_msg : null
  return typeof last === 'object' && last !== null ? messagesIn(last) : []
}

/** What History shows a person of a feed; undefined if it refuses. */
async function history(who: PhoneId, feed: typeof inClub | typeof withBoris): Promise<ReadonlyMap<number | null, string> | undefined> {
  const { answers } = await world.ask(who, record('History', { roster_id: who, feed, size: -50, status: 'get' }))
  const [page] = answers
  if (page?.tag !== 'History') return undefined
  return new Map(page.data.flatMap((one) => (one.tag === 'Message' ? [[one.id, one.files[0]?.payload ?? '-'] as const] : [])))
}

describe('a member who was removed while away', () => {
  test('is given what was said before, as it was', async () => {
    await says(club, 'before')
    await removesBoris()
    await says(club, 'behind his back')
    expect(await texts(boris)).toEqual(['before'])
  })

  test('is not given what a message became afterwards', async () => {
    const id = await says(club, 'before')
    await removesBoris()
    await edits(id, 'after')
    expect(await history(boris, inClub)).toBeUndefined()
    expect(await texts(boris)).toEqual([])
    expect(await texts(clara)).toEqual(['after', 'after'])
  })

  test('is given an edit from before', async () => {
    const id = await says(club, 'first')
    await edits(id, 'second')
    await removesBoris()
    await edits(id, 'third')
    expect(await texts(boris)).toEqual(['second'])
  })

  test('is not given the files that an announced message got afterwards', async () => {
    const id = await says(club, 'soon', 'upload')
    await removesBoris()
    await ask(ann, record('Message', { id, from: ann, to: club, files: text('here'), status: 'complete' }))
    expect(await texts(boris)).toEqual([])
    expect(await texts(clara)).toEqual(['here', 'here'])
  })

  test('is told that he was removed, and by whom, though his right ended with it', async () => {
    await removesBoris()
    const tags = (await world.inbox(boris)).map(({ record: one }) => [one.tag, 'status' in one ? one.status : null])
    expect(tags).toEqual([
      ['Room', 'remove'],
      ['Message', 'muc'],
      ['Room', 'remove'],
    ])
  })

  test('is given everything as it stands once he is back', async () => {
    const id = await says(club, 'before')
    await removesBoris()
    await edits(id, 'after')
    await addsBoris()
    expect((await history(boris, inClub))?.get(id)).toBe('after')
    expect(await texts(boris)).toEqual(['after'])
  })
})

describe('what was taken back', () => {
  test('by clearing a room is delivered to nobody, in whatever it stands, but what was said later is', async () => {
    const id = await says(club, 'first')
    await edits(id, 'second')
    await ask(clara, record('History', { roster_id: clara, feed: inClub, entity_id: id, status: 'update' }))
    await removesBoris()
    await clears(ann, inClub)
    await says(club, 'later')
    for (const who of [boris, clara, ann]) {
      const shown = [...((await history(who, inClub))?.values() ?? [])]
      expect(shown).toEqual(who === boris ? [] : ['later'])
      // The dash is the report that it was cleared.
      expect(await texts(who)).toEqual(who === boris ? [] : ['-', 'later'])
    }
  })

  test('by clearing a chat for oneself is not delivered to the own devices, but to the other', async () => {
    const id = await says(boris, 'first')
    await edits(id, 'second')
    await clears(ann, withBoris)
    expect([...(await history(ann, withBoris))!.keys()]).toEqual([])
    expect(await texts(ann)).toEqual(['-'])
    expect(await texts(boris)).toEqual(['second', 'second'])
  })

  test('by erasing a message is delivered to nobody, an edit before it neither', async () => {
    const id = await says(boris, 'first')
    await edits(id, 'second')
    await ask(boris, record('History', { roster_id: boris, feed: withBoris, entity_id: id, status: 'update' }))
    await erases(id)
    for (const who of [ann, boris]) expect(await texts(who)).toEqual(['-', '-'])
  })

  test('by hiding a message from oneself is not delivered to the own devices', async () => {
    const id = await says(boris, 'first')
    await ask(boris, record('Message', { id, from: ann, seenby: [boris], status: 'edit' }))
    expect(await texts(boris)).toEqual(['-'])
    expect(await texts(ann)).toEqual(['first'])
  })
})

test('what was said in a room until it was deleted comes before the news of that, but no text from behind one’s back', async () => {
  const kept = await says(club, 'first')
  const changed = await says(club, 'second')
  await removesBoris()
  await edits(changed, 'third')
  await ask(ann, record('Room', { id: club, status: 'delete' }))
  expect(kept).toBeLessThan(changed)
  expect(await texts(boris)).toEqual(['first'])
  expect((await world.inbox(clara)).at(-1)?.record).toMatchObject({ tag: 'Room', status: 'delete' })
})

test('a favourite stays the copy that it is, whatever becomes of its original', async () => {
  const id = await says(boris, 'first')
  await ask(boris, record('Star', { message: record('Message', { id }), roster_id: boris, status: 'add' }))
  await erases(id)
  const stars = (await world.inbox(boris)).flatMap(({ record: one }) => (one.tag === 'Star' ? (one.message?.files ?? []) : []))
  expect(stars.map(({ payload }) => payload)).toEqual(['first'])
})
