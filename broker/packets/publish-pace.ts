import type { Duplex } from 'node:stream'
import { monotonicMs } from '../../clock/index.js'
import { expectAfter, expectedAtFirstBytes, isDeadlock, mayAsk } from './asking-pace.js'
import type { GateWorld, Unread } from './gate-world.js'
import { fullBudget, spendOne } from './publish-budget.js'

/** `drain`: not before more can be written; `time`: not before {@link PublishPace} calls. */
export type MayPublish = 'yes' | 'drain' | 'time'

/** How fast one connection may publish: what is under way, what it has left unread, and the rate. */
export class PublishPace {
  readonly #world: GateWorld
  readonly #socket: Duplex
  readonly #onTime: () => void
  #underWay = 0
  #expectedBytes = expectedAtFirstBytes
  #answeredBytes = 0
  #budget
  /** The next publish has been taken off the budget, and goes on at this time. */
  #paidUntilMs: number | undefined
  #rateTimer: NodeJS.Timeout | undefined

  /** @param onTime what was not within the rate is now */
  constructor(world: GateWorld, socket: Duplex, onTime: () => void) {
    this.#world = world
    this.#socket = socket
    this.#onTime = onTime
    this.#budget = fullBudget(world.publishRate, monotonicMs())
  }

  /** A publish was answered; what is unread says how much of it is left. */
  answered(bytes: number): void {
    this.#answeredBytes += bytes
  }

  /** A publish that passed has been dealt with. */
  ended(): void {
    this.#underWay--
    this.#expectedBytes = expectAfter(this.#expectedBytes, this.#answeredBytes)
    this.#answeredBytes = 0
  }

  /**
   * Whether one more may pass, which is under way then.
   * @param leftBytes what has been read, from this packet on
   */
  begin(leftBytes: number, unread: Unread): MayPublish {
    const isReadAhead = leftBytes >= this.#socket.readableHighWaterMark
    const { unreadBytes, isFlushed } = unread
    const pace = { underWay: this.#underWay, expectedBytes: this.#expectedBytes, unreadBytes, isFlushed, isReadAhead }
    const isInPace = mayAsk(pace, this.#world.pace)
    if (!isInPace && !isDeadlock(pace)) return 'drain'
    if (!this.#isInRate()) return 'time'
    if (!isInPace) unread.sendOneMore()
    this.#underWay++
    return 'yes'
  }

  stop(): void {
    clearTimeout(this.#rateTimer)
  }

  /** Whether one more publish is within the rate; if not, it is when this is asked again in time. */
  #isInRate(): boolean {
    const { publishRate } = this.#world
    if (publishRate === 'off') return true
    const now = monotonicMs()
    if (this.#paidUntilMs === undefined) {
      const { budget, waitMs } = spendOne(this.#budget, publishRate, now)
      this.#budget = budget
      if (waitMs === 0) return true
      this.#paidUntilMs = now + waitMs
    }
    if (now >= this.#paidUntilMs) {
      this.#paidUntilMs = undefined
      return true
    }
    clearTimeout(this.#rateTimer)
    this.#rateTimer = setTimeout(this.#onTime, Math.ceil(this.#paidUntilMs - now))
    return false
  }
}
