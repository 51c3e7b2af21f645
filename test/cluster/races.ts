import { encode, record } from '../../protocol/index.js'
import { type Account, befriend, bert, come, eventsTopic, register, request, takeRecord, textMessage, textOf } from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { patienceMs } from '../patience.js'

/** What many races came to: in each, one device connected to two nodes at once while it was connected to one of them. */
export interface RaceVerdict {
  readonly races: number
  /** Races in which both connections were accepted before either was closed, so that the fenced one could try to write. */
  readonly bothAccepted: number
  /** What must not be: nobody or two alive, something written by a connection that was fenced, a survivor that hears nothing. */
  readonly findings: readonly string[]
}

interface Racer {
  readonly name: string
  readonly account: Account
  readonly friend: Account
  readonly friendDevice: WireDevice
  /** Who survived the race before. */
  survivor: WireDevice
  /** Texts of those who survived, which the history must hold. */
  readonly written: string[]
}

interface Runner {
  readonly device: WireDevice
  readonly text: string
}

type End = 'acknowledged' | 'closed' | 'silent'

/** @param doors of the two nodes @param racers devices that race beside each other, each `races` times */
export async function raceConnections(
  doors: readonly [() => number, () => number],
  { racers, races }: { readonly racers: number; readonly races: number },
): Promise<RaceVerdict> {
  const findings: string[] = []
  const counts = { races: 0, bothAccepted: 0 }
  const all: Racer[] = []
  for (let place = 0; place < racers; place++) all.push(await newRacer(doors, place))
  await Promise.all(
    all.map(async (racer) => {
      for (let race = 0; race < races && findings.length < maxFindings; race++) {
        counts.bothAccepted += (await runRace(doors, racer, race, findings)) ? 1 : 0
        counts.races++
      }
      findings.push(...(await checkHistory(racer)))
      racer.survivor.cut()
      racer.friendDevice.cut()
    }),
  )
  return { ...counts, findings }
}

/** More tell nothing new. */
const maxFindings = 20

async function newRacer([door, otherDoor]: readonly [() => number, () => number], place: number): Promise<Racer> {
  const name = `racer${String(place)}`
  const account = await register(door(), name, `3806761${String(100_000 + place)}`)
  const friend = await register(otherDoor(), `${name}friend`, `3806762${String(100_000 + place)}`)
  const survivor = await come(door(), account)
  const friendDevice = await come(otherDoor(), friend)
  await befriend([account, survivor], [friend, friendDevice])
  return { name, account, friend, friendDevice, survivor, written: [] }
}

/** @returns whether both were accepted */
async function runRace(doors: readonly [() => number, () => number], racer: Racer, race: number, findings: string[]): Promise<boolean> {
  const { account, friend, name } = racer
  const title = `${name}, race ${String(race)}`
  const before = racer.survivor
  const runners = doors.map((door, side): Runner => ({ device: dial(door()), text: `${title}, side ${String(side)}` }))
  const accepted = await Promise.all(runners.map(({ device }) => isAccepted(device, account)))
  const ends = await Promise.all(
    runners.map(async ({ device, text }, side): Promise<End> =>
      accepted[side] === true ? publishes(device, textMessage(account, friend, text)) : 'closed',
    ),
  )
  const winners = runners.filter((_, side) => ends[side] === 'acknowledged')
  const [winner] = winners
  if (winner === undefined || winners.length > 1 || ends.includes('silent')) {
    findings.push(`${title}: ${accepted.map((is, side) => `${is ? 'accepted' : 'refused'}, ${String(ends[side])}`).join('; ')}`)
  }
  if (!(await closes(before))) findings.push(`${title}: the connection before it stands`)
  if (winner === undefined) {
    racer.survivor = await come(doors[0](), account)
    return false
  }
  racer.survivor = winner.device
  racer.written.push(...winners.map(({ text }) => text))
  if (!(await hears(racer, title))) findings.push(`${title}: the survivor was not sent what its friend said`)
  return accepted.every((is) => is)
}

async function isAccepted(device: WireDevice, { clientId, token }: Account): Promise<boolean> {
  try {
    return (await device.connect({ clientId, password: token })).returnCode === 0
  } catch {
    return false
  }
}

async function publishes(device: WireDevice, message: ReturnType<typeof textMessage>): Promise<End> {
  try {
    await device.publish(eventsTopic, encode(message, bert), { qos: 1 })
    return 'acknowledged'
  } catch {
    return device.isClosed ? 'closed' : 'silent'
  }
}

async function closes(device: WireDevice): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false)
    }, patienceMs)
  })
  const closed = await Promise.race([device.closed.then(() => true), tooLong])
  clearTimeout(timer)
  return closed
}

/** Whether the survivor gets what its friend says to it, at once or after a PINGREQ, at which a node looks at the inbox again. */
async function hears({ friend, account, friendDevice, survivor }: Racer, title: string): Promise<boolean> {
  const text = `to ${title}`
  await friendDevice.publish(eventsTopic, encode(textMessage(friend, account, text), bert), { qos: 1 })
  const pinging = setInterval(() => {
    survivor.send({ cmd: 'pingreq' })
  }, 1_000)
  try {
    await survivor.pushes.take(text, (push) => push.topic.startsWith('p2p/') && textOf(push) === text)
    survivor.pushes.takeAll()
    return true
  } catch {
    return false
  } finally {
    clearInterval(pinging)
  }
}

/** What the friend finds in the history of what the racer said, against what its survivors were acknowledged. */
async function checkHistory({ name, account, friend, friendDevice, written }: Racer): Promise<string[]> {
  const feed = record('p2p', { from: account.phoneId, to: friend.phoneId })
  friendDevice.pushes.takeAll()
  await request(friendDevice, record('History', { roster_id: friend.phoneId, feed, size: 1_000, entity_id: 0, status: 'get' }))
  const { data } = await takeRecord(friendDevice, 'History')
  const stored = data.flatMap((one) => (one.tag === 'Message' && one.from === account.phoneId ? [one.files[0]?.payload ?? ''] : []))
  const findings: string[] = []
  for (const text of written) if (stored.filter((one) => one === text).length !== 1) findings.push(`${text} is not stored once`)
  for (const text of stored) if (!written.includes(text)) findings.push(`${text} was written by a connection that was fenced`)
  if (stored.some((text, place) => text !== written[place])) findings.push(`the history of ${name} is in another order`)
  return findings
}
