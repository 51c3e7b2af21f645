import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { befriendCore, type CoreClient, type CoreMessage, type CorePerson, dialCore, registerCore } from './core-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let number = 380_670_001_000
beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_INBOX_ENTRIES: '100' })
})
afterAll(() => server.close())

/** Two friends of whom nothing is outstanding. */
async function friends(): Promise<readonly [CorePerson, CorePerson]> {
  const a = await registerCore(server.ws, String(++number))
  const b = await registerCore(server.ws, String(++number))
  await befriendCore(a, b)
  return [a, b]
}

const seqOf = ({ payload }: CoreMessage): number => Number(payload['seq'])
const textOf = ({ payload }: CoreMessage): unknown => payload['text']

async function send(from: CorePerson, to: CorePerson, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await from.get('urn:nynja:chat:send', { text }, to.user)
}

async function take(client: CoreClient, count: number): Promise<readonly CoreMessage[]> {
  const taken: CoreMessage[] = []
  while (taken.length < count) taken.push(await client.push('message'))
  return taken
}

/** Logs in on a new socket. */
async function comeBack(
  { device, token }: CorePerson,
  seq?: number,
): Promise<CoreClient & { readonly inbox: Readonly<Record<string, number>> }> {
  const client = await dialCore(server.ws)
  const { inbox } = await client.get('urn:nynja:auth:token', { device, token, ...(seq === undefined ? {} : { seq }) })
  return { ...client, inbox: inbox as Record<string, number> }
}

test('what is not acknowledged comes again under the same numbers, what is does not', async () => {
  const [a, b] = await friends()
  await send(a, b, 'one', 'two', 'three')
  const before = await take(b, 3)
  await b.get('urn:nynja:inbox:ack', { seq: seqOf(before[0]!) })
  b.socket.terminate()
  const again = await comeBack(b)
  expect(again.inbox).toEqual({ settled: seqOf(before[0]!), last: seqOf(before[2]!), dropped: 0 })
  expect(await take(again, 2)).toEqual(before.slice(1))
  await again.close()
})

test('who says what he has is sent what he has not', async () => {
  const [a, b] = await friends()
  await send(a, b, 'one', 'two', 'three')
  const before = await take(b, 3)
  b.socket.terminate()
  const again = await comeBack(b, seqOf(before[1]!))
  expect(again.inbox['settled']).toBe(seqOf(before[1]!))
  expect((await take(again, 1)).map(textOf)).toEqual(['three'])
  await again.close()
  // It was settled: the login after that does not need to say it.
  const third = await comeBack(b)
  expect((await take(third, 1)).map(textOf)).toEqual(['three'])
  await third.close()
})

test('an acknowledgement counts for what was sent on the connection before, and for what has not been sent at all', async () => {
  const [a, b] = await friends()
  await send(a, b, 'one', 'two')
  const before = await take(b, 2)
  b.socket.terminate()
  const again = await comeBack(b)
  const last = seqOf(before[1]!)
  // In the same packet as the login: nothing may have been sent yet.
  expect(await again.get('urn:nynja:inbox:ack', { seq: last })).toMatchObject({ seq: last })
  expect(await again.get('urn:nynja:inbox:ack', { seq: 0 })).toMatchObject({ seq: last })
  await again.close()
  const third = await comeBack(b)
  await send(a, b, 'after')
  expect((await take(third, 1)).map(textOf)).toEqual(['after'])
  await third.close()
})

test('who never acknowledges is sent 32 and no more; his requests go on being answered', async () => {
  const [a, b] = await friends()
  await send(a, b, ...Array.from({ length: 40 }, (_, i) => `m${String(i)}`))
  const sent = await take(b, 32)
  expect((await b.ask('urn:nynja:profile:get')).ok).toBe(true)
  expect(b.pushes.items.filter(({ type }) => type === 'urn:nynja:on:message')).toEqual([])
  await b.get('urn:nynja:inbox:ack', { seq: seqOf(sent.at(-1)!) })
  expect((await take(b, 8)).map(textOf)).toEqual(Array.from({ length: 8 }, (_, i) => `m${String(i + 32)}`))
  await b.close()
})

test('requests that follow each other unanswered are done and answered in order', async () => {
  const [a, b] = await friends()
  const ids = Array.from({ length: 100 }, (_, i) => `p${String(i)}`)
  for (const id of ids) {
    const isSend = !id.endsWith('5')
    const payload = isSend ? { text: id, key: id } : {}
    a.socket.send(JSON.stringify({ id, type: isSend ? 'urn:nynja:chat:send' : 'urn:nynja:chat:typing', to: b.user, payload }))
  }
  const answers: string[] = []
  while (answers.length < ids.length) answers.push((await a.pushes.take('an answer', ({ ok }) => ok === true)).id)
  expect(answers).toEqual(ids)
  const texts = ids.filter((id) => !id.endsWith('5'))
  const got: unknown[] = []
  while (got.length < texts.length) {
    const push = await b.push('message')
    got.push(textOf(push))
    if (got.length % 16 === 0) await b.get('urn:nynja:inbox:ack', { seq: seqOf(push) })
  }
  expect(got).toEqual(texts)
  await Promise.all([a.close(), b.close()])
})

test('a request behind a login in the same packet waits for it', async () => {
  const [a, b] = await friends()
  a.socket.terminate()
  const again = await dialCore(server.ws)
  const { device, token } = a
  again.socket.send(JSON.stringify({ id: '1', type: 'urn:nynja:auth:token', payload: { device, token } }))
  again.socket.send(JSON.stringify({ id: '2', type: 'urn:nynja:chat:send', to: b.user, payload: { text: 'at once' } }))
  const [first, second] = [await again.pushes.take('the first answer'), await again.pushes.take('the second', ({ ok }) => ok === true)]
  expect([first.id, first.ok, second.id]).toEqual(['1', true, '2'])
  expect((await take(b, 1)).map(textOf)).toEqual(['at once'])
  await again.close()
})

test('a device that connects elsewhere is closed here with 4001, one that logs out with 4002, and its token is gone', async () => {
  const [a] = await friends()
  const other = await comeBack(a)
  expect(await a.closed).toBe(4001)
  expect(await other.get('urn:nynja:auth:logout')).toEqual({})
  expect(await other.closed).toBe(4002)
  const late = await dialCore(server.ws)
  expect((await late.ask('urn:nynja:auth:token', { device: a.device, token: a.token })).payload['errCode']).toBe(104)
  await late.close()
})

test('ten wrong tokens close the connection', async () => {
  const client = await dialCore(server.ws)
  for (let i = 0; i < 9; i++) expect((await client.ask('urn:nynja:auth:token', { device: 'core-x', token: 'y' })).ok).toBe(false)
  client.socket.send(JSON.stringify({ id: 'last', type: 'urn:nynja:auth:token', payload: { device: 'core-x', token: 'y' } }))
  expect(await client.closed).toBe(1008)
})

test('an inbox that is full drops the oldest, and says how many at the next login', async () => {
  const [a, b] = await friends()
  b.socket.terminate()
  await send(a, b, ...Array.from({ length: 120 }, (_, i) => `m${String(i)}`))
  const again = await comeBack(b)
  expect(again.inbox['dropped']).toBeGreaterThanOrEqual(20)
  const [first] = await take(again, 1)
  const { messages } = await again.get('urn:nynja:chat:history', { limit: 200 }, a.user)
  expect((messages as { text: string }[]).map(({ text }) => text)).toContain('m0')
  expect(textOf(first!)).not.toBe('m0')
  await again.close()
})

test('a published session is settled by its pongs', async () => {
  const [a, b] = await friends()
  b.socket.terminate()
  const login = async (isDeaf: boolean): Promise<CoreClient> => {
    const client = await dialCore(server.ws)
    // A client that answers no ping proves nothing.
    if (isDeaf)
      (client.socket as unknown as { _receiver: { removeAllListeners(event: string): void } })._receiver.removeAllListeners('ping')
    const type = 'urn:cadmium:auth:token'
    await client.get('urn:cadmium:auth', { type, fields: { token: `${b.device}.${b.token}` } })
    return client
  }
  const message = (client: CoreClient): Promise<CoreMessage> =>
    client.pushes.take('a message', ({ type }) => type === 'urn:cadmium:chat:message')
  const deaf = await login(true)
  await send(a, b, 'one')
  const one = await message(deaf)
  deaf.socket.terminate()
  const hearing = await login(false)
  expect(await message(hearing)).toEqual(one)
  await send(a, b, 'two')
  const two = await message(hearing)
  // The answer comes behind the pong of what was sent before it.
  await hearing.ask('urn:cadmium:connection:open')
  await hearing.close()
  const third = await login(false)
  await send(a, b, 'three')
  expect((await message(third)).payload['content']).toEqual({ text: 'three' })
  expect(two.payload['content']).toEqual({ text: 'two' })
  await third.close()
})
