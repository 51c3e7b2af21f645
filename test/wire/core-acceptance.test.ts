import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { coreErrors } from '../../cadmium/index.js'
import { quotedIn, tableOf } from '../cadmium/contract.js'
import { befriendCore, type CoreClient, type CoreMessage, type CorePerson, dialCore } from './core-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

const rows = new Map(tableOf('## 8').map(([number = '', , input = '', output = '']) => [number, { input, output }]))
const people = { PA: '@9991001_1@localhost', PB: '@9991002_2@localhost' } as const
const code = '123456'

/** What a name in the table stands for, once it is known in a run. */
type Known = Map<string, unknown>

/** A text of the table with its names put in; those that are values of a run stand as `{"$":name}`. */
function read(text: string): unknown {
  const errorText = (_whole: string, number: string): string => JSON.stringify(textOf(Number(number)))
  const json = text
    .replace(/E\((\d+)\)/g, errorText)
    .replace(/"S"/g, '"localhost"')
    .replace(/"P([AB])"/g, (_whole, who: 'A' | 'B') => JSON.stringify(people[`P${who}`]))
    .replace(/"(dn|D\.K|D\.no|D)"/g, '{"$":"$1"}')
    .replace(/:(T|K|D|n|M1|M|<uuid>|<s>)(?=[,}])/g, ':{"$":"$1"}')
  return JSON.parse(json)
}

function textOf(number: number): string {
  return Object.values(coreErrors).find((one) => one.code === number)?.text ?? ''
}

/** The value of a name, or whatever stands there if it is not known yet: it is from then on. */
function put(expected: unknown, actual: unknown, known: Known): unknown {
  if (typeof expected !== 'object' || expected === null) return expected
  if (Array.isArray(expected)) return expected.map((one, i) => put(one, Array.isArray(actual) ? actual[i] : undefined, known))
  const name = '$' in expected ? String(expected.$) : undefined
  if (name === undefined) {
    const found = actual as Readonly<Record<string, unknown>> | undefined
    return Object.fromEntries(Object.entries(expected).map(([member, value]) => [member, put(value, found?.[member], known)]))
  }
  if (name === 'dn') return `d${JSON.stringify(known.get('n'))}`
  if (name === 'D.K') return `${String(known.get('D'))}.${String(known.get('K'))}`
  if (!known.has(name)) known.set(name, actual)
  return known.get(name)
}

function expectMessage(actual: CoreMessage, text: string, known: Known, changed: object = {}): void {
  const expected = { ...(read(text) as object), ...changed }
  if (JSON.stringify(expected).includes('"$":"dn"')) known.set('n', actual.payload['seq'])
  expect(actual).toEqual(put(expected, actual, known))
}

const row = (number: string): { readonly input: string; readonly output: string } => {
  const found = rows.get(number)
  if (found === undefined) throw new Error(`no row ${number}`)
  return found
}
const inputOf = (number: string): string => quotedIn(row(number).input)[0] ?? ''
const outputOf = (number: string, place = 0): string => quotedIn(row(number).output)[place] ?? ''

/** The error that an input is answered with, in the form of the seed. */
function errorOf(input: string, errCode: number, more: { from?: string; to?: string; errPayload?: object } = {}): CoreMessage {
  const { id, type } = JSON.parse(input) as CoreMessage
  const { from = 'localhost', to = '', errPayload = {} } = more
  return { id, type: `${type}:error`, from, to, ok: false, payload: { errCode, errText: textOf(errCode), errPayload } }
}

const done = new Set<string>()
/** A test of rows of the contract. */
function rowsTest(numbers: readonly string[], title: string, run: () => Promise<void>): void {
  for (const number of numbers) done.add(number)
  test(`${numbers.join(', ')}: ${title}`, run)
}

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_TEST_NUMBERS: '999100', NYNJA_TEST_CODE: code })
})
afterAll(() => server.close())

describe('on a fresh connection', () => {
  const as3 = (more: object): CoreMessage => ({ ...(read(outputOf('3')) as CoreMessage), ...more })
  const as3With = (number: string): CoreMessage => {
    const [, errCode = ''] = /code (\d)/.exec(row(number).output) ?? []
    const errPayload = JSON.parse(outputOf(number)) as object
    return as3({ payload: { errCode: Number(errCode), errText: textOf(Number(errCode)), errPayload } })
  }
  const likeThree = ['13', '14', '15', '16']
  const full = ['1', '2', '3', '5', '7', '10', '11', '17', '19']
  const alike: Readonly<Record<string, string>> = { '6': '3', '8': '7', '12': '10' }

  rowsTest(
    ['1', '2', '3', '5', '6', '7', '8', '10', '11', '12', '13', '14', '15', '16', '17', '19'],
    'the checks of the form',
    async () => {
      const client = await dialCore(server.ws)
      for (const number of full) expectMessage(await client.say(inputOf(number)), outputOf(number), new Map())
      for (const [number, like] of Object.entries(alike)) expectMessage(await client.say(inputOf(number)), outputOf(like), new Map())
      for (const number of likeThree) expect({ number, ...(await client.say(inputOf(number))) }).toEqual({ number, ...as3With(number) })
      await client.close()
    },
  )

  rowsTest(['9', '18'], 'a binary message is answered, an error is not', async () => {
    const client = await dialCore(server.ws)
    expectMessage(await client.say(Buffer.from(inputOf('3'))), outputOf('7'), new Map())
    client.socket.send(inputOf('18'))
    // What comes next is the answer to what follows.
    expectMessage(await client.say(inputOf('1')), outputOf('1'), new Map())
    await client.close()
  })

  rowsTest(['20', '49'], 'servers that are not this one, types that nobody has', async () => {
    const client = await dialCore(server.ws)
    expect(await client.say(inputOf('20'))).toEqual(errorOf(inputOf('20'), 4, { from: 'cadmium.im', errPayload: { field: 'to' } }))
    expect(await client.say(inputOf('49'))).toEqual(as3({ type: 'urn:cadmium:nonsense:error' }))
    await client.close()
  })

  rowsTest(['43', '45', '47'], 'published types, in their form', async () => {
    const client = await dialCore(server.ws)
    expectMessage(await client.say(JSON.stringify(read(inputOf('43')))), outputOf('43'), new Map())
    const register = read(inputOf('44')) as { payload: object }
    const nobody = { ...register, payload: { ...register.payload, thirdPIDs: [] } }
    expectMessage(await client.say(JSON.stringify(nobody)), outputOf('45'), new Map())
    const login = {
      id: '1',
      type: 'urn:cadmium:auth',
      to: ['localhost'],
      payload: { type: 'urn:cadmium:auth:token', fields: { token: 'D.no' } },
    }
    expect(await client.say(JSON.stringify(login))).toMatchObject({
      ...{ type: 'urn:cadmium:auth', ok: false, from: 'localhost' },
      payload: { errCode: 901, errID: 'urn:cadmium:auth:invalid', errText: textOf(901), errPayload: {} },
    })
    await client.close()
  })

  rowsTest(['50'], 'one byte too many', async () => {
    const client = await dialCore(server.ws)
    const most = `${inputOf('3')}${' '.repeat(65_536 - inputOf('3').length)}`
    expectMessage(await client.say(most), outputOf('3'), new Map())
    client.socket.send(`${most} `)
    expect(await client.closed).toBe(1009)
  })
})

describe('people', () => {
  const known: Known = new Map()
  let anna: CorePerson
  let boris: CorePerson

  const say = (client: CoreClient, input: string): Promise<CoreMessage> => client.say(JSON.stringify(put(read(input), undefined, known)))

  async function login(phone: string, user: string): Promise<CorePerson> {
    const client = await dialCore(server.ws)
    await client.get('urn:nynja:auth:code', { phone })
    const { device, token, user: found } = await client.get('urn:nynja:auth:verify', { code })
    expect(found).toBe(user)
    return { ...client, user, phone, device: device as string, token: token as string }
  }

  rowsTest(['21', '22', '23', '24'], 'a code and its device', async () => {
    const client = await dialCore(server.ws)
    expect(await client.say(inputOf('22'))).toEqual(errorOf(inputOf('22'), 101))
    expectMessage(await client.say(JSON.stringify(read(inputOf('21')))), outputOf('21'), known)
    expect(await client.say(inputOf('23'))).toEqual(errorOf(inputOf('23'), 102))
    expectMessage(await client.say(inputOf('24')), outputOf('24'), known)
    anna = { ...client, user: people.PA, phone: '9991001', device: known.get('D') as string, token: known.get('K') as string }
    boris = await login('9991002', people.PB)
  })

  rowsTest(['25'], 'a wrong token', async () => {
    const client = await dialCore(server.ws)
    expect(await say(client, inputOf('25'))).toEqual(errorOf('{"id":"1","type":"urn:nynja:auth:token"}', 104))
    await client.close()
  })

  const asAnna = (input: string, errCode: number, errPayload = {}, to: string = people.PA): CoreMessage =>
    errorOf(JSON.stringify(read(input)), errCode, { to, errPayload })

  rowsTest(['4', '26', '27', '30', '31', '32', '33', '40', '41'], 'what Anna is refused', async () => {
    expectMessage(await anna.say(inputOf('4')), outputOf('3'), known, { to: people.PA })
    expect(await anna.say(inputOf('26'))).toEqual(asAnna(inputOf('26'), 105))
    expect(await say(anna, inputOf('27'))).toEqual(asAnna(inputOf('27'), 6, { field: 'from' }, people.PB))
    expect(await say(anna, inputOf('30'))).toEqual(asAnna(inputOf('30'), 400))
    expect(await anna.say(inputOf('31'))).toEqual(asAnna(inputOf('31'), 8, { field: 'to' }))
    expect(await say(anna, inputOf('32'))).toEqual(asAnna(inputOf('32'), 500))
    expect(await anna.say(inputOf('33'))).toEqual(asAnna(inputOf('33'), 2, { field: 'to' }))
    expect(await anna.say(inputOf('40'))).toEqual(asAnna(inputOf('40'), 200))
    expect(await anna.say(inputOf('41'))).toEqual(asAnna(inputOf('41'), 8, { field: 'to' }))
  })

  rowsTest(['28', '29', '42'], 'a name, a request, a number', async () => {
    anna.socket.send(inputOf('28'))
    const answer = await anna.pushes.take('the answer to 28', ({ id }) => id === '1')
    expectMessage(answer, outputOf('28'), known)
    anna.pushes.takeAll()
    anna.socket.send(inputOf('29'))
    expectMessage(await anna.pushes.take('the answer to 29', ({ id }) => id === '1'), outputOf('29'), known)
    expectMessage(await boris.push('contact'), outputOf('29', 1), known)
    anna.socket.send(inputOf('42'))
    expect((await anna.pushes.take('the answer to 42', ({ id }) => id === '1')).payload).toEqual({ entity: people.PB })
  })

  rowsTest(['34', '35', '36', '37', '38', '39'], 'a message, once, and its reader', async () => {
    await befriendCore(anna, boris)
    anna.socket.send(JSON.stringify(read(inputOf('34'))))
    const sent = await anna.pushes.take('the answer to 34', ({ id }) => id === '1')
    expectMessage(sent, outputOf('34'), known)
    const got = await boris.push('message')
    expectMessage(got, outputOf('35'), known)
    const again = { ...(read(inputOf('34')) as object), id: '2' }
    anna.socket.send(JSON.stringify(again))
    const repeated = await anna.pushes.take('the answer to 36', ({ id }) => id === '2')
    expect(repeated).toEqual({ ...sent, id: '2', payload: { ...sent.payload, repeated: true } })
    const { messages, next } = await anna.get('urn:nynja:chat:history', { limit: 1 }, people.PB)
    const { seq: n, ...message } = got.payload
    expect(messages).toEqual([{ ...message, chat: people.PB }])
    const { messages: before } = await anna.get('urn:nynja:chat:history', { limit: 1, from: next }, people.PB)
    expect(before).toMatchObject([{ message: next, state: 'system' }])
    const read38 = await boris.get('urn:nynja:chat:read', { message: known.get('M1') }, people.PA)
    expect(read38).toEqual({ chat: people.PA, read: known.get('M1'), unread: 0 })
    const { payload: receipt } = await anna.push('receipt')
    expect(receipt).toEqual({ seq: receipt['seq'], chat: people.PB, user: people.PB, message: known.get('M1') })
    // How far he has read is told to his own devices, behind what he acknowledges here.
    await boris.push('unread')
    expect(boris.pushes.items.filter(({ type }) => type === 'urn:nynja:on:message')).toEqual([])
    expect(await boris.get('urn:nynja:inbox:ack', { seq: n })).toEqual({ seq: n, dropped: 0 })
  })

  rowsTest(['44', '46', '48', '48a'], 'the same in a published session', async () => {
    const client = await dialCore(server.ws)
    const registered = await client.say(JSON.stringify(read(inputOf('44'))))
    expect([registered.ok, registered.payload]).toEqual([true, { userID: '%9991001:localhost' }])
    client.socket.send(JSON.stringify(read(inputOf('46'))))
    const login = await client.pushes.take('the answer to 46', ({ id }) => id === '2')
    const [device = ''] = String(login.payload['token']).split('.')
    expect([login.ok, login.payload['deviceID']]).toEqual([true, device])
    const other = await dialCore(server.ws)
    await other.ask('urn:cadmium:profile:register', { thirdPIDs: [{ type: 'msisdn', value: '+9991002' }] })
    const fields = { username: '9991002', password: code }
    await other.get('urn:cadmium:auth', { type: 'urn:cadmium:auth:login_password', fields })
    client.socket.send(JSON.stringify(read(inputOf('48'))))
    const sent = await client.pushes.take('the answer to 48', ({ id }) => id === '3')
    const values: Known = new Map()
    expect(sent.ok).toBe(true)
    expect(sent.payload).toEqual(put(read(outputOf('48', 1)), sent.payload, values))
    const got = await other.pushes.take('the push of 48a', ({ type }) => type === 'urn:cadmium:chat:message')
    expect(got).toEqual({ ...(put(read(outputOf('48a')), got, values) as object), id: got.id })
    const ours = await boris.pushes.take('the push of 48a in a session of ours', ({ payload }) => payload['message'] === values.get('M'))
    expect([ours.type, ours.payload['key']]).toEqual(['urn:nynja:on:message', null])
    await Promise.all([client.close(), other.close()])
  })
})

test('every row of the contract is tested here', () => expect([...done].sort()).toEqual([...rows.keys()].sort()))
