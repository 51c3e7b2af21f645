import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AnyRecord, isTuple, record, type RecordOf } from '../../protocol/index.js'
import type { Verdict } from '../../rpc/index.js'
import type { Mailbox } from '../wire/mailbox.js'
import { type Account, textMessage } from '../wire/requests.js'
import { testCode } from '../wire/wire-server.js'

/** Something a peer was sent. */
export interface Push {
  readonly topic: string
  readonly record: AnyRecord
  readonly isRepeated: boolean
  /** Acknowledges it; nothing happens for what needs no acknowledgement. */
  settle(): Promise<void>
}

/** Whom somebody says he is. */
export interface Words {
  readonly clientId: string
  readonly token?: string
}

/** A client of a door, which acknowledges nothing by itself. */
export interface Peer {
  readonly pushes: Mailbox<Push>
  readonly closed: Promise<void>
  /** Resolves to whether he was accepted. */
  enter(words: Words): Promise<boolean>
  /**
   * Asks; resolves when it is acknowledged, to what has become of it where the door tells.
   * @param id asks again what was asked before
   */
  ask(asked: AnyRecord, id?: number): Promise<{ readonly id: number; readonly verdict: Verdict | undefined }>
  /** Goes on as somebody else on the same connection; undefined where a protocol knows no such thing. */
  become?(words: Words): Promise<boolean>
  /** Acknowledges all inbox entries up to this push; undefined where a protocol knows no such thing. */
  settleTo?(push: Push): void
  /** Loses the connection. */
  cut(): void
}

/** A door with a server behind it, that has an empty store. */
export interface OpenedDoor {
  /** Unacknowledged deliveries per device. */
  readonly windowSize: number
  dial(): Peer
  /** Ends all connections in order. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** Enters, by name. */
interface Person {
  readonly account: Account
  peer: Peer
}

/** What delivery promises through every door: each that comes runs this unchanged. */
export function doorPromises(name: string, open: () => Promise<OpenedDoor>): void {
  describe(name, () => {
    let door: OpenedDoor
    let [ann, bob]: Person[] = []
    beforeAll(async () => {
      door = await open()
      ann = await newPerson(door, 'ann', '380670000001')
      bob = await newPerson(door, 'bob', '380670000002')
      const [of, by] = [ann.account.phoneId, bob.account.phoneId]
      await ann.peer.ask(record('Friend', { phone_id: of, friend_id: by, status: 'request' }))
      await bob.peer.ask(record('Friend', { phone_id: by, friend_id: of, status: 'confirm' }))
      for (const { peer } of [ann, bob]) await settleAll(peer)
    })
    afterAll(() => door.close())

    /** Connects anew; what was not settled before comes again. */
    async function comeAgain(person: Person): Promise<void> {
      person.peer = door.dial()
      expect(await person.peer.enter(wordsOf(person.account))).toBe(true)
    }

    async function say(...texts: readonly string[]): Promise<void> {
      for (const text of texts) await ann!.peer.ask(textMessage(ann!.account, bob!.account, text))
    }

    async function takeTexts(peer: Peer, count: number): Promise<readonly Push[]> {
      const taken: Push[] = []
      while (taken.length < count) taken.push(await peer.pushes.take('a text', isText))
      return taken
    }

    test('who shows a wrong token is refused', async () => {
      expect(await door.dial().enter({ ...wordsOf(ann!.account), token: 'wrong' })).toBe(false)
    })

    test('a request is acknowledged when it is stored, one that is refused as well, and its verdict says which', async () => {
      const said = await ann!.peer.ask(textMessage(ann!.account, bob!.account, 'hello'))
      if (said.verdict !== undefined) expect(said.verdict).toMatchObject({ kind: 'done', messages: [expect.any(Number)] })
      const refused = await ann!.peer.ask(record('Friend', { phone_id: ann!.account.phoneId, friend_id: 'nobody', status: 'request' }))
      if (refused.verdict !== undefined) expect(refused.verdict).toMatchObject({ kind: 'refused' })
      await settleAll(ann!.peer)
      expect((await settleAll(bob!.peer)).map(textOf)).toEqual(['hello'])
    })

    test('what is asked again is done once', async () => {
      const asked = textMessage(ann!.account, bob!.account, 'once')
      const { id } = await ann!.peer.ask(asked)
      const { verdict } = await ann!.peer.ask(asked, id)
      if (verdict !== undefined) expect(verdict).toEqual({ kind: 'repeated' })
      await settleAll(ann!.peer)
      expect((await settleAll(bob!.peer)).map(textOf)).toEqual(['once'])
    })

    test('what is owed comes in order; what was not acknowledged comes again as repeated after a cut, what was does not', async () => {
      await say('1', '2', '3')
      const [first, second, third] = await takeTexts(bob!.peer, 3)
      expect([first, second, third].map((push) => [push && textOf(push), push?.isRepeated])).toEqual(
        ['1', '2', '3'].map((text) => [text, false]),
      )
      await first!.settle()
      await fence(bob!.peer)
      bob!.peer.cut()
      await say('4')
      await comeAgain(bob!)
      expect((await takeTexts(bob!.peer, 3)).map((push) => [textOf(push), push.isRepeated])).toEqual([
        ['2', true],
        ['3', true],
        ['4', false],
      ])
      bob!.peer.cut()
      await comeAgain(bob!)
      for (const push of await takeTexts(bob!.peer, 3)) await push.settle()
      await settleAll(bob!.peer)
    })

    test('no more than the window is sent without an acknowledgement, and then the rest in its order', async () => {
      const texts = Array.from({ length: door.windowSize + 5 }, (_, i) => `w${String(i)}`)
      await say(...texts)
      const sent = await takeTexts(bob!.peer, door.windowSize)
      expect(bob!.peer.pushes.items.filter(isText)).toEqual([])
      const rest: Push[] = []
      for (const push of sent) {
        await push.settle()
        rest.push(...bob!.peer.pushes.takeAll().filter(isText))
      }
      rest.push(...(await takeTexts(bob!.peer, 5 - rest.length)))
      for (const push of rest) await push.settle()
      expect([...sent, ...rest].map(textOf)).toEqual(texts)
      await settleAll(bob!.peer)
      await settleAll(ann!.peer)
    })

    test('who connects again takes his place, and what was not acknowledged goes on there', async () => {
      await say('before')
      await takeTexts(bob!.peer, 1)
      const older = bob!.peer
      await comeAgain(bob!)
      await older.closed
      const [push] = await takeTexts(bob!.peer, 1)
      expect([push && textOf(push), push?.isRepeated]).toEqual(['before', true])
      await push!.settle()
      await settleAll(bob!.peer)
    })

    test('what is live reaches who is there, and is kept for nobody', async () => {
      const typing = record('Typing', { from: ann!.account.phoneId, to: bob!.account.phoneId })
      await ann!.peer.ask(typing)
      await bob!.peer.pushes.take('typing', (push) => push.record.tag === 'Typing')
      bob!.peer.cut()
      await ann!.peer.ask(typing)
      await comeAgain(bob!)
      expect((await settleAll(bob!.peer)).filter(({ record: { tag } }) => tag === 'Typing')).toEqual([])
    })

    test('all up to one are acknowledged at once, where a protocol can', async () => {
      await say('a', 'b', 'c')
      const texts = await takeTexts(bob!.peer, 3)
      if (bob!.peer.settleTo === undefined) for (const push of texts.slice(0, 2)) await push.settle()
      else bob!.peer.settleTo(texts[1]!)
      await fence(bob!.peer)
      bob!.peer.cut()
      await comeAgain(bob!)
      const [left] = await takeTexts(bob!.peer, 1)
      expect(left && textOf(left)).toBe('c')
      await left!.settle()
      await settleAll(bob!.peer)
    })

    test('a registration goes on as the device it has become, on the same connection where a protocol can', async () => {
      const carl = await newPerson(door, 'carl', '380670000003')
      expect(await carl.peer.ask(record('History', { roster_id: carl.account.phoneId, size: 1, status: 'get' }))).toBeDefined()
      carl.peer.cut()
    })

    test('who logs out is closed when he has read the answer', async () => {
      const eve = await newPerson(door, 'eve', '380670000004')
      await eve.peer.ask(record('Auth', { client_id: eve.account.clientId, token: eve.account.token, type: 'logout' }))
      const reading = async (): Promise<void> => {
        for (;;) await (await eve.peer.pushes.take('the answer')).settle()
      }
      await Promise.all([eve.peer.closed, expect(reading()).rejects.toThrow('closed')])
      expect(await door.dial().enter(wordsOf(eve.account))).toBe(false)
    })

    test('a drain acknowledges what was asked, and then closes everybody', async () => {
      const asked = ann!.peer.ask(textMessage(ann!.account, bob!.account, 'last'))
      await takeTexts(bob!.peer, 1)
      await door.drain()
      await asked
      await Promise.all([ann!.peer.closed, bob!.peer.closed])
    })
  })
}

function wordsOf({ clientId, token }: Account): Words {
  return { clientId, token }
}

function isText({ record: { tag } }: Push): boolean {
  return tag === 'Message'
}

function textOf({ record: found }: Push): string | undefined {
  return found.tag === 'Message' ? (found.files[0]?.payload ?? undefined) : undefined
}

const question = record('init', { token: '' })

function isTokenAnswer({ record: found }: Push): boolean {
  return found.tag === 'io' && typeof found.data === 'object' && found.data !== null && 'tag' in found.data && found.data.tag === 'Token'
}

/** What was on its way has come, and what was acknowledged is known. */
async function fence(peer: Peer): Promise<void> {
  const asked = peer.ask(question)
  await (await peer.pushes.take('the answer to INIT', isTokenAnswer)).settle()
  await asked
}

/** Takes and acknowledges all that is on its way. @returns it, but for what was asked for that */
async function settleAll(peer: Peer): Promise<readonly Push[]> {
  const taken: Push[] = []
  const asked = peer.ask(question)
  for (;;) {
    const push = await peer.pushes.take('all that is on its way')
    await push.settle()
    if (isTokenAnswer(push)) break
    if (isText(push) || push.record.tag === 'Typing') taken.push(push)
  }
  await asked
  return taken
}

/** Registers somebody, who goes on as the device he has become. */
async function newPerson(door: OpenedDoor, name: string, phone: string): Promise<Person> {
  const peer = door.dial()
  const client_id = `reg_${name}`
  expect(await peer.enter({ clientId: client_id })).toBe(true)
  await peer.ask(record('Auth', { client_id, dev_key: name, phone, type: 'reg', os: 'ios' }))
  await peer.ask(record('Auth', { client_id, dev_key: name, phone, type: 'verify', sms_code: testCode }))
  const login = await takeLogin(peer)
  const profile = await peer.pushes.take('the profile', ({ record: { tag } }) => tag === 'Profile')
  await profile.settle()
  const account = accountOf(login, phone, profile.record as RecordOf<'Profile'>)
  if (peer.become !== undefined) {
    expect(await peer.become(wordsOf(account))).toBe(true)
    await settleAll(peer)
    return { account, peer }
  }
  peer.cut()
  const device = door.dial()
  expect(await device.enter(wordsOf(account))).toBe(true)
  await settleAll(device)
  return { account, peer: device }
}

async function takeLogin(peer: Peer): Promise<readonly string[]> {
  for (;;) {
    const push = await peer.pushes.take('the token', ({ record: { tag } }) => tag === 'io')
    await push.settle()
    const { code } = push.record as RecordOf<'io'>
    if (code !== null && typeof code === 'object' && 'tag' in code && code.tag === 'ok2' && isTuple(code.src))
      return code.src.tuple.map(String)
  }
}

function accountOf([clientId, token]: readonly string[], phone: string, { rosters }: RecordOf<'Profile'>): Account {
  const [roster] = rosters
  if (clientId === undefined || token === undefined || typeof roster !== 'object' || typeof roster.id !== 'number')
    throw new Error('a device has a token, and a profile a roster')
  return { clientId, token, phone, phoneId: `${phone}_${String(roster.id)}` }
}
