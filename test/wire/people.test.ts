/** Person, Profile and the address book over real sockets: v1 in BERT and JSON, v11 in BERT and MessagePack; codes come by a real mail server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, type Encoding, record, type RecordOf } from '../../protocol/index.js'
import { type MailServer, startMailServer } from '../providers/mail-server.js'
import { type Account, befriend, fence, recordOf, register, request } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let mail: MailServer
let server: WireServer
beforeAll(async () => {
  mail = await startMailServer({ security: 'none' })
  server = await startWireServer({
    ...{ NYNJA_EMAIL: 'smtp', NYNJA_SMTP_HOST: '127.0.0.1', NYNJA_SMTP_PORT: String(mail.port), NYNJA_SMTP_SECURITY: 'none' },
    NYNJA_SMTP_FROM: 'no-reply@nynja.example',
  })
})
afterAll(async () => {
  await server.close()
  await mail.close()
})

/** One device and what it speaks. */
interface Speaker {
  readonly account: Account
  readonly device: WireDevice
  readonly encoding: Encoding
}

/** The next delivery on a topic that is a record of that tag. */
async function take<T extends AnyRecord['tag']>({ device, encoding }: Speaker, topic: string, tag: T): Promise<RecordOf<T>> {
  const isIt = (push: Parameters<typeof recordOf>[0]): boolean => push.topic === topic && recordOf(push, encoding.dialect).tag === tag
  return recordOf(await device.pushes.take(`${tag} on ${topic}`, isIt), encoding.dialect) as RecordOf<T>
}

const actionsOf = ({ account }: Speaker): string => `actions/1/api/${account.clientId}`

async function ask<T extends AnyRecord['tag']>(speaker: Speaker, asked: AnyRecord, tag: T): Promise<RecordOf<T>> {
  await request(speaker.device, asked, speaker.encoding)
  return take(speaker, actionsOf(speaker), tag)
}

const codeOf = ({ code }: RecordOf<'io'>): unknown =>
  typeof code === 'object' && code !== null && 'tag' in code && 'code' in code ? [code.tag, code.code] : code

const runs = [
  { encoding: { codec: 'bert', dialect: 'v1' }, phones: ['380670010001', '380670010002'] },
  { encoding: { codec: 'json', dialect: 'v1' }, phones: ['380670020001', '380670020002'] },
  { encoding: { codec: 'bert', dialect: 'v11' }, phones: ['380670030001', '380670030002'] },
  { encoding: { codec: 'msgpack', dialect: 'v11' }, phones: ['380670040001', '380670040002'] },
] as const

describe.each(runs)('$encoding.dialect in $encoding.codec', ({ encoding, phones: [phone, otherPhone] }) => {
  let ann: Speaker
  let second: Speaker
  let boris: Speaker

  async function arrive(name: string, number: string): Promise<Speaker> {
    const account = await register(server.mqtt, `${name}${number}`, number)
    const device = dial(server.mqtt)
    const will = { topic: encoding.dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.of() }
    await device.connect({ clientId: account.clientId, password: account.token, will })
    return { account, device, encoding }
  }

  beforeAll(async () => {
    ann = await arrive('a', phone)
    second = await arrive('s', phone)
    boris = await arrive('b', otherPhone)
    await befriend([ann.account, ann.device], [boris.account, boris.device])
  })
  beforeEach(async () => {
    for (const { device } of [ann, second, boris]) {
      await fence(device, encoding)
      device.pushes.takeAll()
    }
  })
  afterAll(async () => {
    for (const { device } of [ann, second, boris]) await device.disconnect()
  })

  test('a Person is set and read on another device', async () => {
    const set = await ask(ann, record('Person', { names: 'Anna', localize: ['uk'], status: 'set' }), 'Person')
    expect(set).toEqual(record('Person', { id: phone, names: 'Anna', localize: ['uk'], status: 'set' }))
    expect(await ask(second, record('Person', { id: phone, status: 'get' }), 'Person')).toEqual({ ...set, status: 'get' })
    const refused = await ask(ann, record('Person', { id: otherPhone, status: 'get' }), 'io')
    expect(codeOf(refused)).toEqual(['error', 'not_authorized'])
  })

  test('settings are merged; the other device and friends are told', async () => {
    const settings = [record('Feature', { id: 'f', key: 'LANG', value: 'uk', group: 'UI' })]
    const status = encoding.dialect === 'v11' ? 'patch' : 'update'
    const answered = await ask(ann, record('Profile', { phone, settings, status }), 'Profile')
    expect(answered).toMatchObject({ phone, settings, presence: 'online', status: 'update' })
    expect(await take(second, `ses/${phone}`, 'Profile')).toEqual(answered)
    const told = await take(boris, `ac/${ann.account.phoneId}`, 'Contact')
    expect(told).toMatchObject({ phone_id: ann.account.phoneId, update: answered.update, status: null })
    const replaced = await ask(ann, record('Profile', { phone, status: 'set' }), 'Profile')
    expect(replaced).toMatchObject({ settings: [], status: 'set' })
  })

  test('an e-mail address is linked by the code that comes by mail', async () => {
    const address = `a${phone}@mail.example`
    const named = (password: string | null = null) => [record('Service', { type: 'email', login: address, password })]
    expect(codeOf(await ask(ann, record('Profile', { phone, services: named(), status: 'link' }), 'io'))).toEqual(['ok', 'email_sent'])
    const [code = ''] = /\d{6}/.exec(mail.mails.find(({ to }) => to.includes(address))?.text ?? '') ?? []
    const wrong = code === '000000' ? '000001' : '000000'
    const refused = await ask(ann, record('Profile', { phone, services: named(wrong), status: 'email' }), 'io')
    expect(codeOf(refused)).toEqual(['error', 'wrong_code'])
    expect(codeOf(await ask(ann, record('Profile', { phone, services: named(code), status: 'email' }), 'io'))).toEqual(['ok', 'verified'])
    expect(await take(second, `ses/${phone}`, 'Roster')).toMatchObject({ email: address, status: 'patch' })
    const { services, rosters } = await ask(second, record('Profile', { phone, status: 'get' }), 'Profile')
    expect(services).toEqual([record('Service', { type: 'email', login: address, status: 'verified' })])
    expect(rosters).toMatchObject([{ email: address }])
  })

  test('a new roster has an address book, all on the connection that was there before', async () => {
    const { id, userlist } = await ask(ann, record('Roster', { names: 'Second', status: 'create' }), 'Roster')
    expect(userlist).toMatchObject([{ phone_id: `${phone}_${String(id)}`, status: 'friend' }])
    for (const device of [ann, second]) expect(await take(device, `ses/${phone}`, 'Roster')).toMatchObject({ id, status: 'create' })
    const entry = { id, userlist: [record('Contact', { phone_id: boris.account.phoneId })] }
    expect(codeOf(await ask(ann, record('Roster', { ...entry, status: 'add' }), 'io'))).toEqual(['ok', 'added'])
    expect(await take(second, `ses/${phone}`, 'Roster')).toMatchObject({ id, userlist: [{ status: 'internal' }], status: 'add' })
    expect(codeOf(await ask(second, record('Roster', { ...entry, status: 'add' }), 'io'))).toEqual(['ok2', 'already_present'])
    const removed = await ask(ann, record('Roster', { ...entry, status: 'del' }), 'io')
    expect(removed.code).toEqual(record('ok2', { code: 'removed', src: [boris.account.phoneId] }))
    expect(await take(second, `ses/${phone}`, 'Roster')).toMatchObject({ id, status: 'del' })
    expect(await ann.device.subscribe(`p2p/${phone}_${String(id)}/${phone}_${String(id)}`)).toEqual([2])
  })
})
