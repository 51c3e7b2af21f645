import { compareAtFullLoad, isDisturbed, type Contestant } from '../compare.js'
import { befriend, gather, logInAll, probe, registerAll } from '../load/community.js'
import { requestTopic, type Device } from '../load/device.js'
import { Lane } from '../load/lane.js'
import { counterMark, publishTemplate } from '../load/mqtt-packets.js'
import { inParallel } from '../load/parallel.js'
import { fanOutRig, rig, type Rig } from '../load/plain-lanes.js'
import { roomFeed, textMessage } from '../load/requests.js'
import { startAedes } from '../peers/aedes.js'
import { mosquittoVersion, startMosquitto } from '../peers/mosquitto.js'
import { startNynja } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import { atLeast, type Row } from '../report.js'
import { seeded, seededText } from '../seed.js'
import { opened } from './opened.js'
import type { Scenario } from './scenario.js'

const members = 500
const window = 16
const roomId = 'bench'

export const room: Scenario = {
  name: 'room',
  about: 'a message to 500 connected members of a room at QoS 1, against 500 subscribers of one topic',
  run: (context) =>
    opened(async (onEnd) => {
      const contestants: Contestant[] = []
      if (context.hasNynja) {
        const peer = await startNynja()
        onEnd(peer.stop)
        contestants.push({ peer, rig: await roomRig(peer.port) })
      }
      for (const start of mosquittoVersion() === undefined ? [startPlainAedes] : [startPlainAedes, startMosquitto]) {
        const peer = await start()
        onEnd(peer.stop)
        contestants.push({ peer, rig: await fanOutRig(peer.port, members, roomMessage(`99900000000_1`), true) })
      }
      const loads = await compareAtFullLoad({ contestants, window, seconds: context.seconds, log: context.log })
      const deliveries = (name: string): number | undefined => {
        const load = loads.get(name)
        return load === undefined ? undefined : load.perSecond * members
      }
      const row = (name: string, more: Partial<Row>): Row => ({
        scenario: 'room',
        measure: 'deliveries',
        unit: '1/s',
        value: deliveries('nynja'),
        against: { name, value: deliveries(name) ?? NaN },
        isDisturbed: isDisturbed(loads),
        ...more,
      })
      return [row('aedes', { bound: atLeast(1) }), ...(loads.has('mosquitto') ? [row('mosquitto', {})] : [])]
    }),
  versusRig: async (peer) => ({ rig: await roomRig(peer.port), window }),
}

const startPlainAedes = (): Promise<Peer> => startAedes()

function roomMessage(from: string): Buffer {
  return textMessage({ feed: roomFeed(roomId), msgId: `A-${counterMark}`, from, to: roomId, text: seededText(seeded(3), 80) })
}

async function roomRig(port: number): Promise<Rig> {
  const devices = await logInAll(port, await registerAll(port, members))
  const [owner, ...others] = devices as [Device, ...Device[]]
  await inParallel('friendships', others, 1, (other) => befriend(owner, other))
  await gather(roomId, owner, others)
  await probe(roomFeed(roomId), roomId, owner, devices)
  const message = publishTemplate(requestTopic, roomMessage(owner.account.phoneId))
  const lane = new Lane(members + 1, (number) => {
    owner.connection.publish(message, number)
  })
  for (const [index, { connection }] of devices.entries()) {
    connection.onPublish = (bytes, topicAt) => {
      if (bytes[topicAt] === 0x72) lane.seen(index) // "room/…"
    }
  }
  owner.connection.onAcknowledged = () => {
    lane.seen(members)
  }
  return rig(
    [lane],
    devices.map(({ connection }) => connection),
  )
}
