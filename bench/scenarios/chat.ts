import { compareAtFullLoad, isDisturbed, type Contestant } from '../compare.js'
import { befriend, logInAll, probe, registerAll } from '../load/community.js'
import { requestTopic, type Device } from '../load/device.js'
import { Lane } from '../load/lane.js'
import { counterMark, publishTemplate } from '../load/mqtt-packets.js'
import { inParallel } from '../load/parallel.js'
import { pairRig, rig, type PairPorts, type Rig } from '../load/plain-lanes.js'
import { p2pFeed, textMessage } from '../load/requests.js'
import { startAedes, startAedesWithRedis } from '../peers/aedes.js'
import { mosquittoVersion, startMosquitto } from '../peers/mosquitto.js'
import { startNynja, type NynjaOptions } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import { redisVersion } from '../peers/redis.js'
import { atLeast, type Row } from '../report.js'
import { seeded, seededText } from '../seed.js'
import { opened } from './opened.js'
import type { Scenario } from './scenario.js'

export const pairs = 25
/** 25 senders keep as much in flight as 50 connections with 16 each. */
export const window = 32

export const chat: Scenario = {
  name: 'chat',
  about: '25 pairs: a message stored and delivered to both persistent sessions, against brokers that only forward it to one',
  run: (context) =>
    opened(async (onEnd) => {
      const start = async (starting: Promise<Peer>): Promise<Peer> => {
        const peer = await starting
        onEnd(peer.stop)
        return peer
      }
      const forwards = async (starting: Promise<Peer>): Promise<Contestant> => {
        const peer = await start(starting)
        return { peer, rig: await pairRig(bothAt(peer), plainMessages()) }
      }
      const contestants: Contestant[] = []
      if (context.hasNynja) contestants.push(await chatContestant(onEnd))
      contestants.push(await forwards(startAedes()))
      if (redisVersion() !== undefined) contestants.push(await forwards(startAedesWithRedis()))
      if (mosquittoVersion() !== undefined) contestants.push(await forwards(startMosquitto()))
      const loads = await compareAtFullLoad({ contestants, window, seconds: context.seconds, log: context.log })
      const row = (name: string, more: Partial<Row>): Row => ({
        scenario: 'chat',
        measure: 'messages',
        unit: '1/s',
        value: loads.get('nynja')?.perSecond,
        against: { name, value: loads.get(name)?.perSecond ?? NaN },
        isDisturbed: isDisturbed(loads),
        ...more,
      })
      return [
        row('aedes', { bound: atLeast(0.35) }),
        ...(loads.has('aedes+redis') ? [row('aedes+redis', { bound: atLeast(2) })] : []),
        ...(loads.has('mosquitto') ? [row('mosquitto', {})] : []),
      ]
    }),
  versusRig: async (peer) => ({ rig: await chatRig(bothAt(peer)), window }),
}

/** Our server with 25 pairs of friends, ready to chat. */
export async function chatContestant(onEnd: (close: () => Promise<void>) => void, options: NynjaOptions = {}): Promise<Contestant> {
  const peer = await startNynja(options)
  onEnd(peer.stop)
  return { peer, rig: await chatRig(bothAt(peer)) }
}

function bothAt({ port }: Peer): PairPorts {
  return { sender: port, receiver: port }
}

/** 25 pairs of friends; all of the same side connect to the same node. */
export async function chatRig(ports: PairPorts): Promise<Rig> {
  const accounts = await registerAll(ports.sender, 2 * pairs)
  const senders = await logInAll(ports.sender, accounts.slice(0, pairs))
  const receivers = await logInAll(ports.receiver, accounts.slice(pairs))
  const random = seeded(2)
  const couples = senders.map((sender, index) => [sender, receivers[index]] as [Device, Device])
  await inParallel('friendships', couples, 8, async ([a, b]) => {
    await befriend(a, b)
    await probe(p2pFeed(a.account.phoneId, b.account.phoneId), b.account.phoneId, a, [a, b])
  })
  const lanes = couples.map(([a, b]) => chatLane(a, b, seededText(random, bodyLength)))
  return rig(
    lanes,
    [...senders, ...receivers].map(({ connection }) => connection),
  )
}

const bodyLength = 60

/** A message is done when the sender has its PUBACK and its copy, and the friend has the message. */
function chatLane(sender: Device, receiver: Device, text: string): Lane {
  const [from, to] = [sender.account.phoneId, receiver.account.phoneId]
  const payload = textMessage({ feed: p2pFeed(from, to), msgId: `A-${counterMark}`, from, to, text })
  const message = publishTemplate(requestTopic, payload)
  const lane = new Lane(3, (number) => {
    sender.connection.publish(message, number)
  })
  sender.connection.onAcknowledged = () => {
    lane.seen(0)
  }
  for (const [party, { connection }] of [sender, receiver].entries()) {
    connection.onPublish = (bytes, topicAt) => {
      if (bytes[topicAt] === 0x70) lane.seen(party + 1) // "p2p/…"
    }
  }
  return lane
}

/** The same bytes for brokers that only forward. */
export function plainMessages(): Buffer[] {
  const random = seeded(2)
  return Array.from({ length: pairs }, (_, index) => {
    const [from, to] = [`99900000000_${index}`, `99900000001_${index}`]
    return textMessage({ feed: p2pFeed(from, to), msgId: `A-${counterMark}`, from, to, text: seededText(random, bodyLength) })
  })
}
