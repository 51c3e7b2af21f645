import { seeded, seededText } from '../seed.js'
import { requestTopic, type Device } from './device.js'
import { Lane } from './lane.js'
import { counterMark, publishTemplate } from './mqtt-packets.js'
import { p2pFeed, textMessage } from './requests.js'

const bodyLength = 60
const mark = Buffer.from('honest-')

type Side = 'a' | 'b'
/** A message is done when its sender has the PUBACK and the copy of his own, and his friend has it. */
const parties = { acknowledged: 0, own: 1, friend: 2 } as const

/**
 * Friends who write to each other, both ways: a lane for each direction. Every message is known by its number, so that one that is lost, or comes
 * twice or in another order, fails its lane; so does a connection that ends.
 */
export function honestLanes(couples: readonly (readonly [Device, Device])[]): Lane[] {
  const random = seeded(3)
  return couples.flatMap(([a, b]) => {
    const lanes = { a: honestLane('a', a, b, seededText(random, bodyLength)), b: honestLane('b', b, a, seededText(random, bodyLength)) }
    listen('a', a, lanes)
    listen('b', b, lanes)
    return [lanes.a, lanes.b]
  })
}

function honestLane(side: Side, { account, connection }: Device, { account: friend }: Device, text: string): Lane {
  const [from, to] = [account.phoneId, friend.phoneId]
  const msgId = `${mark.toString()}${side}${counterMark}`
  const message = publishTemplate(requestTopic, textMessage({ feed: p2pFeed(from, to), msgId, from, to, text }))
  const lane = new Lane(3, (number) => {
    connection.publish(message, number)
  })
  connection.onAcknowledged = () => {
    lane.seen(parties.acknowledged)
  }
  return lane
}

function listen(own: Side, { account, connection }: Device, lanes: Readonly<Record<Side, Lane>>): void {
  const expected = { a: 0, b: 0 }
  connection.onPublish = (bytes, topicAt, _topicEnd, payloadAt, end) => {
    if (bytes[topicAt] !== 0x70) return // "p2p/…"
    const at = bytes.subarray(payloadAt, end).indexOf(mark)
    if (at < 0) return
    const sideAt = payloadAt + at + mark.length
    const side: Side = bytes[sideAt] === 0x61 ? 'a' : 'b'
    const number = Number(bytes.toString('latin1', sideAt + 1, sideAt + 1 + counterMark.length))
    if (number !== expected[side]) lanes[side].failure ??= `${account.phoneId} got message ${number} where ${expected[side]} was due`
    expected[side]++
    lanes[side].seen(side === own ? parties.own : parties.friend)
  }
  connection.onClosed = () => {
    lanes[own].failure ??= `the connection of ${account.phoneId} has ended`
  }
}
