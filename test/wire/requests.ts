import type { IPublishPacket } from 'mqtt-packet'
import { type AnyRecord, decodePush, encode, type Encoding, isTuple, record, type RecordOf } from '../../protocol/index.js'
import { dial, type WireDevice } from './wire-device.js'
import { testCode } from './wire-server.js'

export const eventsTopic = 'events/1//api/anon//'
export const bert: Encoding = { codec: 'bert', dialect: 'v1' }

/** A device that has been registered. */
export interface Account {
  readonly clientId: string
  readonly token: string
  readonly phone: string
  /** Of the first roster of the phone. */
  readonly phoneId: string
}

/** The record of a delivery. @throws if it holds none */
export function recordOf(push: IPublishPacket, dialect: Encoding['dialect'] = 'v1'): AnyRecord {
  const decoded = decodePush(Buffer.from(push.payload), dialect)
  if (decoded.kind === 'refusal') throw new Error(`${push.topic}: ${decoded.because}`)
  return decoded.record
}

export function request(device: WireDevice, asked: AnyRecord, encoding: Encoding = bert): Promise<void> {
  return device.publish(eventsTopic, encode(asked, encoding))
}

/** Takes the next delivery that holds a record of that tag. */
export async function takeRecord<T extends AnyRecord['tag']>(device: WireDevice, tag: T): Promise<RecordOf<T>> {
  for (;;) {
    const found = recordOf(await device.pushes.take(tag))
    if (found.tag === tag) return found as RecordOf<T>
  }
}

const isTokenAnswer = (push: IPublishPacket): boolean => {
  const decoded = decodePush(Buffer.from(push.payload), 'v1')
  const found = decoded.kind === 'record' ? decoded.record : undefined
  return found?.tag === 'io' && typeof found.data === 'object' && found.data !== null && 'tag' in found.data && found.data.tag === 'Token'
}

/**
 * Asks INIT and waits for its answer. Everything that was on its way to the device when the question was asked has come by then: deliveries
 * and answers leave through one queue.
 */
export async function fence(device: WireDevice, encoding: Encoding = bert): Promise<void> {
  await device.publish(eventsTopic, encode(record('init', { token: '' }), encoding), { qos: 1 })
  await device.pushes.take('the answer to INIT', isTokenAnswer)
}

/** Registers a device by reg and verify. */
export async function register(port: number, name: string, phone: string): Promise<Account> {
  const device = dial(port)
  const client_id = `reg_${name}`
  await device.connect({ clientId: client_id })
  await request(device, record('Auth', { client_id, dev_key: name, phone, type: 'reg', os: 'ios' }))
  await request(device, record('Auth', { client_id, dev_key: name, phone, type: 'verify', sms_code: testCode }))
  let login: readonly unknown[] | undefined
  while (login === undefined) {
    const { code } = await takeRecord(device, 'io')
    if (code !== null && typeof code === 'object' && 'tag' in code && code.tag === 'ok2' && isTuple(code.src)) login = code.src.tuple
  }
  const { rosters } = await takeRecord(device, 'Profile')
  await device.disconnect()
  const [clientId, token] = login.map(String)
  const [roster] = rosters
  if (typeof roster !== 'object' || typeof roster.id !== 'number') throw new Error('a profile has a roster')
  return { clientId: clientId!, token: token!, phone, phoneId: `${phone}_${roster.id}` }
}

/** Connects a registered device; what is owed at connect, up to the Profile, is left in its pushes. */
export async function login(port: number, { clientId, token }: Account): Promise<WireDevice> {
  const device = dial(port)
  const { returnCode } = await device.connect({ clientId, password: token })
  if (returnCode !== 0) throw new Error(`${clientId} was refused with ${String(returnCode)}`)
  return device
}

/** Connects a registered device, and takes everything it is owed at connect. */
export async function come(port: number, account: Account): Promise<WireDevice> {
  const device = await login(port, account)
  await settle(device)
  return device
}

/** Takes everything that was on its way to the devices. */
export async function settle(...devices: readonly WireDevice[]): Promise<void> {
  for (const device of devices) {
    await fence(device)
    device.pushes.takeAll()
  }
}

/**
 * Makes two rosters friends; both devices are connected, and nothing of it is left unread. At QoS 1, as what comes of it then is: when it has
 * been read it has been acknowledged, and no PUBREL is still to come.
 */
export async function befriend(a: readonly [Account, WireDevice], b: readonly [Account, WireDevice]): Promise<void> {
  const [of, by] = [a[0].phoneId, b[0].phoneId]
  const asked = encode(record('Friend', { phone_id: of, friend_id: by, status: 'request' }), bert)
  const confirmed = encode(record('Friend', { phone_id: by, friend_id: of, status: 'confirm' }), bert)
  await a[1].publish(eventsTopic, asked, { qos: 1 })
  await b[1].publish(eventsTopic, confirmed, { qos: 1 })
  await settle(a[1], b[1])
}

/** A text message from one roster to another, as a request. */
export function textMessage(from: Account, to: Account, text: string): RecordOf<'Message'> {
  return record('Message', {
    from: from.phoneId,
    to: to.phoneId,
    msg_id: text,
    files: [record('Desc', { id: 'd', payload: text })],
    status: 'client',
  })
}

/** The text of a delivered message; undefined if it is none. */
export function textOf(push: IPublishPacket): string | undefined {
  const found = recordOf(push)
  return found.tag === 'Message' ? (found.files[0]?.payload ?? undefined) : undefined
}
