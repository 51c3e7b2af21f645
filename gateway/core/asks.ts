import type { Connection, Delivery } from '../../delivery/index.js'
import { type AnyRecord, encode, type RecordOf } from '../../protocol/index.js'
import type { Verdict } from '../../rpc/index.js'
import type { CoreParcel } from './core-link.js'

/** What has become of a request: its verdict, and all that was told to this device until it came. */
export interface Told {
  readonly verdict: Verdict
  readonly heard: readonly Heard[]
}

export interface Heard {
  /** It answers the request; else it is a push that the request, or something else at the time, has led to. */
  readonly isAnswer: boolean
  readonly record: AnyRecord
}

interface Ask {
  readonly heard: Heard[]
}

const requestTopic = 'events/1//api/anon//'
const encoding = { codec: 'json', dialect: 'v11' } as const
const lastPacketId = 0xffff
const longestWaitMs = 120_000

/**
 * The requests of one session that workers have. They are done in the order in which they were asked, and what a request leads to is told before its
 * verdict: so whatever is heard belongs to the oldest.
 */
export class Asks {
  readonly #delivery: Delivery
  readonly #open: Ask[] = []
  #packetId = 0
  /** Waits for an answer that comes after its verdict. */
  #late: ((record: AnyRecord | undefined) => void) | undefined
  /** The last answer that came while nobody waited: whoever asks for the next one may be about to. */
  #unclaimed: AnyRecord | undefined

  constructor(delivery: Delivery) {
    this.#delivery = delivery
  }

  /** @returns what has become of it; never settles if the connection is closed before */
  ask(connection: Connection, record: AnyRecord): Promise<Told> {
    const payload = encode(record, encoding)
    this.#delivery.followCodec(connection, payload)
    this.#packetId = (this.#packetId % lastPacketId) + 1
    const one: Ask = { heard: [] }
    this.#open.push(one)
    this.#unclaimed = undefined
    return new Promise((resolve) => {
      this.#delivery.submit({
        ...{ connection, packetId: this.#packetId, qos: 1, isRepeated: false, topic: requestTopic, payload },
        done: (verdict) => {
          this.#open.splice(this.#open.indexOf(one), 1)
          resolve({ verdict, heard: one.heard })
        },
      })
    })
  }

  /** The next answer that is heard while nothing is asked. @returns undefined if none comes for too long */
  next(): Promise<AnyRecord | undefined> {
    if (this.#unclaimed !== undefined) return Promise.resolve(this.#unclaimed)
    return new Promise((resolve) => {
      const patience = setTimeout(() => {
        this.#late?.(undefined)
      }, longestWaitMs).unref()
      this.#late = (record) => {
        clearTimeout(patience)
        this.#late = undefined
        resolve(record)
      }
    })
  }

  /** Something was told to the device. */
  hear({ topic, delivered }: CoreParcel): void {
    if (delivered === undefined) return
    const isAnswer = topic.startsWith('actions/')
    const [oldest] = this.#open
    if (oldest !== undefined) oldest.heard.push({ isAnswer, record: delivered.record })
    else if (isAnswer && this.#late !== undefined) this.#late(delivered.record)
    else if (isAnswer) this.#unclaimed = delivered.record
  }

  /** Nobody is asked any more: another connection begins. */
  forget(): void {
    this.#open.length = 0
    this.#late?.(undefined)
  }
}

/** The first answer of that name. */
export function answerOf<T extends AnyRecord['tag']>({ heard }: Told, tag: T): RecordOf<T> | undefined {
  return heard.find(({ isAnswer, record }) => isAnswer && record.tag === tag)?.record as RecordOf<T> | undefined
}

export function answersOf<T extends AnyRecord['tag']>({ heard }: Told, tag: T): readonly RecordOf<T>[] {
  return heard.flatMap(({ isAnswer, record }) => (isAnswer && record.tag === tag ? [record as RecordOf<T>] : []))
}

/** The last of that name that was told at all, as an answer or a push. */
export function lastOf<T extends AnyRecord['tag']>(
  { heard }: Told,
  tag: T,
  isMeant: (record: RecordOf<T>) => boolean,
): RecordOf<T> | undefined {
  return heard.findLast(({ record }) => record.tag === tag && isMeant(record as RecordOf<T>))?.record as RecordOf<T> | undefined
}
