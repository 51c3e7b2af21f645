import type { IPublishPacket } from 'mqtt-packet'
import { recordOf } from '../wire/requests.js'
import { patienceMs } from '../patience.js'

/** A message that a sender has begun to send. */
export interface SentMessage {
  readonly text: string
  readonly sender: string
  /** Its place among the sender's messages to that feed. */
  readonly place: number
  /** The topic of the chat or room. */
  readonly feed: string
  readonly qos: 1 | 2
  isAcknowledged: boolean
}

/**
 * What can be wrong with a message: it was acknowledged and is stored nowhere (`lost`), or never came to a device of its feed (`undelivered`);
 * it is stored twice, came again at QoS 2, or at QoS 1 without DUP; it came or is stored before one its sender had sent earlier; nobody sent it.
 */
export type FindingKind =
  'lost' | 'undelivered' | 'stored twice' | 'delivered twice' | 'repeated without DUP' | 'reordered' | 'sent by nobody'

export interface Finding {
  readonly kind: FindingKind
  readonly text: string
}

/** What was sent, what was acknowledged and who has got what; it finds whatever contradicts the promises. */
export interface Ledger {
  readonly messages: ReadonlyMap<string, SentMessage>
  /** Takes note of the next message of a sender; its text is unlike all others. */
  newMessage(sender: string, feed: string, qos: 1 | 2): SentMessage
  acknowledge(message: SentMessage): void
  /** The named devices belong to the feed: each must get all of it. */
  addFeed(feed: string, devices: readonly string[]): void
  deliver(device: string, packet: IPublishPacket): void
  /**
   * Resolves when every device, but for those named, has got every message of its feeds; rejects with what is missing when nothing has come
   * for so long, 20 s unless the ledger was made with another patience.
   */
  complete(...except: readonly string[]): Promise<void>
  /** Deliveries that came twice at QoS 2 or without DUP, or overtook an earlier one of the same sender, or were sent by nobody. */
  contradictions(): readonly Finding[]
  /** What has been sent and has not come to a device of its feed. */
  undelivered(): readonly Finding[]
  /** What a history, oldest first, has too often, not at all, or in another order than that of its senders. */
  checkHistory(feed: string, texts: readonly string[]): readonly Finding[]
  readonly counts: LedgerCounts
}

export interface LedgerCounts {
  readonly sent: number
  readonly acknowledged: number
  /** First deliveries of a message to a device. */
  readonly delivered: number
  /** Further ones, all at QoS 1 unless there are contradictions. */
  readonly repeated: number
}

export function newLedger(waitMs = patienceMs): Ledger {
  const messages = new Map<string, SentMessage>()
  const places = new Map<string, number>()
  const devicesOf = new Map<string, readonly string[]>()
  const got = new Map<string, Set<string>>()
  const latest = new Map<string, number>()
  const wrong: Finding[] = []
  const counts = { sent: 0, acknowledged: 0, delivered: 0, repeated: 0 }
  const owed = new Map<string, number>()
  let lastDelivery = Date.now()
  let whenSettled: () => void = () => undefined

  function textsOf(device: string): Set<string> {
    const known = got.get(device)
    if (known !== undefined) return known
    const texts = new Set<string>()
    got.set(device, texts)
    return texts
  }

  function noteOrder(device: string, { sender, feed, place, text }: SentMessage): void {
    const key = `${device} ${feed} ${sender}`
    const before = latest.get(key) ?? 0
    if (place !== before + 1)
      wrong.push(
        finding('reordered', `${device} got ${text}, place ${String(place)} of ${sender} in ${feed}, after place ${String(before)}`),
      )
    latest.set(key, Math.max(before, place))
  }

  function undelivered(): Finding[] {
    const found: Finding[] = []
    for (const { text, feed } of messages.values()) {
      for (const device of devicesOf.get(feed) ?? []) {
        if (!textsOf(device).has(text)) found.push(finding('undelivered', `${device} misses ${text} of ${feed}`))
      }
    }
    return found
  }

  function noteAgain(device: string, { text, qos }: SentMessage, packet: IPublishPacket): void {
    counts.repeated++
    if (qos === 2 || packet.qos === 2) wrong.push(finding('delivered twice', `${device} got ${text} again at QoS ${String(packet.qos)}`))
    // [MQTT-3.3.1-1] of MQTT 3.1.1
    else if (!packet.dup) wrong.push(finding('repeated without DUP', `${device} got ${text} again, and was not told so`))
  }

  return {
    messages,
    counts,
    newMessage(sender, feed, qos) {
      const key = `${sender} ${feed}`
      const place = (places.get(key) ?? 0) + 1
      places.set(key, place)
      const message: SentMessage = { text: `${key} ${String(place)}`, sender, place, feed, qos, isAcknowledged: false }
      messages.set(message.text, message)
      for (const device of devicesOf.get(feed) ?? []) owed.set(device, (owed.get(device) ?? 0) + 1)
      counts.sent++
      return message
    },
    acknowledge(message) {
      message.isAcknowledged = true
      counts.acknowledged++
    },
    addFeed(feed, devices) {
      devicesOf.set(feed, devices)
    },
    deliver(device, packet) {
      const found = devicesOf.has(packet.topic) ? recordOf(packet) : undefined
      if (found?.tag !== 'Message' || found.status !== 'sent') return
      const text = found.files[0]?.payload ?? ''
      const message = messages.get(text)
      if (message?.feed !== packet.topic) {
        wrong.push(finding('sent by nobody', `${device} got "${text}" on ${packet.topic}, which nobody sent there`))
        return
      }
      lastDelivery = Date.now()
      if (textsOf(device).has(text)) {
        noteAgain(device, message, packet)
        return
      }
      textsOf(device).add(text)
      counts.delivered++
      noteOrder(device, message)
      const left = (owed.get(device) ?? 0) - 1
      owed.set(device, left)
      if (left === 0) whenSettled()
    },
    complete(...except) {
      const isComplete = (): boolean => [...owed].every(([device, left]) => left === 0 || except.includes(device))
      lastDelivery = Date.now()
      return new Promise((resolve, reject) => {
        const timer = setInterval(() => {
          if (Date.now() - lastDelivery < waitMs) return
          clearInterval(timer)
          const texts = undelivered().map(({ text }) => text)
          reject(new Error(`${String(texts.length)} deliveries are missing: ${texts.slice(0, 10).join('; ')}`))
        }, 1_000)
        whenSettled = () => {
          if (!isComplete()) return
          clearInterval(timer)
          resolve()
        }
        whenSettled()
      })
    },
    contradictions: () => wrong,
    undelivered,
    checkHistory(feed, texts) {
      const found: Finding[] = []
      const seen = new Set<string>()
      const places = new Map<string, number>()
      for (const text of texts) {
        const message = messages.get(text)
        if (message === undefined) found.push(finding('sent by nobody', `"${text}" is stored and was sent by nobody`))
        else if (seen.has(text)) found.push(finding('stored twice', `${text} is stored twice`))
        else {
          if (message.place !== (places.get(message.sender) ?? 0) + 1) found.push(finding('reordered', `${text} is stored out of order`))
          places.set(message.sender, message.place)
        }
        seen.add(text)
      }
      for (const { text, feed: of, isAcknowledged } of messages.values()) {
        if (of === feed && isAcknowledged && !seen.has(text)) found.push(finding('lost', `${text} was acknowledged and is not stored`))
      }
      return found
    },
  }
}

function finding(kind: FindingKind, text: string): Finding {
  return { kind, text }
}
