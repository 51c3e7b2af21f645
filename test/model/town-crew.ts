/** The people of a model as real devices on a running server: what they ask, and everything that each of them is told. */
import { type AnyRecord, decodePush, encode, type Encoding, errorCodeOf, record, type RecordOf } from '../../protocol/index.js'
import { type Account, eventsTopic, fence, register } from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import type { Person, RoomName } from './town-model.js'

export interface CrewDevice {
  readonly person: Person
  readonly encoding: Encoding
  readonly account: Account
  readonly wire: WireDevice
}

/** What a device has been told since it was last asked: answers, and pushes by topic, in order. */
export interface Heard {
  readonly answers: readonly string[]
  readonly topics: ReadonlyMap<string, readonly string[]>
}

/** People with two devices each: one speaks BERT and v1, the other JSON and v11. */
export interface Crew {
  readonly devices: readonly CrewDevice[]
  phoneId(person: Person): string
  roomId(name: RoomName): string
  ask(device: CrewDevice, asked: AnyRecord): Promise<void>
  /** Everything that was on its way to the devices has come: what each of them has heard. */
  hear(): Promise<ReadonlyMap<CrewDevice, Heard>>
  /** Asks, and returns the one record that is answered to this device; nobody else may be told anything. */
  answerTo<T extends AnyRecord['tag']>(device: CrewDevice, asked: AnyRecord, tag: T): Promise<RecordOf<T>>
  close(): void
}

const encodings: readonly Encoding[] = [
  { codec: 'bert', dialect: 'v1' },
  { codec: 'json', dialect: 'v11' },
]

/** @param run makes the phones, client ids and rooms of one run different from those of others on the same server */
export async function openCrew(port: number, size: number, run: number): Promise<Crew> {
  const devices: CrewDevice[] = []
  for (let person = 0; person < size; person++) {
    for (const [index, encoding] of encodings.entries()) {
      const account = await register(
        port,
        `m${run}p${person}d${index}`,
        `38067${String(run).padStart(4, '0')}${String(person).padStart(3, '0')}`,
      )
      const wire = await connect(port, account, encoding)
      devices.push({ person, encoding, account, wire })
    }
  }
  const ids = devices.filter((_one, i) => i % encodings.length === 0).map(({ account }) => account.phoneId)
  const names = newNames(ids, run)
  const crew: Crew = {
    devices,
    phoneId: (person) => ids[person] ?? '',
    roomId: (name) => `run${run}${name}`,
    ask: ({ wire, encoding }, asked) => wire.publish(eventsTopic, encode(asked, encoding), { qos: 1 }),
    async hear() {
      const heard = devices.map(async (device) => {
        await fence(device.wire, device.encoding)
        return [device, heardBy(device, names)] as const
      })
      return new Map(await Promise.all(heard))
    },
    async answerTo(device, asked, tag) {
      await crew.ask(device, asked)
      await fence(device.wire, device.encoding)
      const [push, ...others] = device.wire.pushes.takeAll()
      const answer = push && decodedBy(device, push.payload)
      if (answer?.tag !== tag || others.length > 0) throw new Error(`${asked.tag} was answered with ${answer?.tag ?? 'nothing'} and more`)
      return answer as RecordOf<typeof tag>
    },
    close() {
      for (const { wire } of devices) wire.cut()
    },
  }
  // What came of the registrations, like the presence of the second device, is past.
  await crew.hear()
  return crew
}

async function connect(port: number, { clientId, token }: Account, encoding: Encoding): Promise<WireDevice> {
  const wire = dial(port)
  const will = { topic: encoding.dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.alloc(0) }
  const { returnCode } = await wire.connect({ clientId, password: token, will })
  if (returnCode !== 0) throw new Error(`${clientId} was refused with ${String(returnCode)}`)
  await fence(wire, encoding)
  return wire
}

type Names = (text: string) => string

/** Ids in the words of the model. */
function newNames(ids: readonly string[], run: number): Names {
  return (text) => {
    const known = ids.reduce((shown, id, person) => shown.replaceAll(id, String(person)), text)
    const phones = ids.reduce((shown, id, person) => shown.replaceAll(id.split('_')[0] ?? id, String(person)), known)
    return phones.replaceAll(`run${run}`, '').replaceAll('/', ' ')
  }
}

/** The record of a delivery; undefined if it is none. */
function decodedBy({ encoding }: CrewDevice, payload: string | Buffer): AnyRecord | undefined {
  const decoded = decodePush(Buffer.from(payload), encoding.dialect)
  return decoded.kind === 'record' ? decoded.record : undefined
}

function heardBy(device: CrewDevice, names: Names): Heard {
  const answers: string[] = []
  const topics = new Map<string, string[]>()
  for (const { topic, payload } of device.wire.pushes.takeAll()) {
    const told = decodedBy(device, payload)
    const text = told === undefined ? 'opaque' : names(inShort(told))
    if (topic.startsWith('actions/')) answers.push(text)
    else topics.set(names(topic), [...(topics.get(names(topic)) ?? []), text])
  }
  return { answers, topics }
}

/** Whom or what a record is about, and its status. */
function inShort(told: AnyRecord): string {
  switch (told.tag) {
    case 'io':
      return ioInShort(told)
    case 'errors':
      return `errors ${told.code.join(' ')}`
    case 'Contact':
    case 'Member':
      return `${told.tag} ${String(told.phone_id)} ${String(told.status)}`
    case 'Message':
      return `Message ${String(told.from)} ${String(told.status)}`
    case 'Room':
      return `Room ${String(told.id)} ${String(told.status)}`
    case 'History':
      return `History ${String(told.roster_id)} ${String(told.status)}`
    default:
      return told.tag
  }
}

function ioInShort(io: RecordOf<'io'>): string {
  const code = errorCodeOf(io)
  const side = (part: unknown): string =>
    typeof part === 'object' && part !== null && 'tag' in part && 'code' in part ? ` ${String(part.tag)} ${String(part.code)}` : ''
  return code !== null && side(io.data) === '' ? `io error ${code}` : `io${side(io.code)}${side(io.data)}`
}

/** A text from one to another person or to a room. */
export function textTo(crew: Crew, from: Person, to: string, text: string): AnyRecord {
  return record('Message', {
    from: crew.phoneId(from),
    to,
    msg_id: text,
    files: [record('Desc', { id: 'd', payload: text })],
    status: 'client',
  })
}
