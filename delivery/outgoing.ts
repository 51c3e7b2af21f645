import type { Parcel } from './link.js'

/** Something that waits to be sent. */
export interface Outgoing {
  /** 0 for an answer. */
  readonly number: number
  /** Undefined where only its release is left to send. */
  readonly parcel: Parcel | undefined
}

/** Taken entries at the front of the list are cut off once there are so many. */
const cutAt = 1_024

/** What waits to be sent to one device, in order, and how many bytes that is. */
export class OutgoingQueue {
  /** Made when first needed: most devices are idle most of the time. */
  #entries: Outgoing[] | undefined
  #head = 0
  /** Of all that waits. */
  bytes = 0
  /** Those of them that are answers. */
  answerBytes = 0

  get length(): number {
    return (this.#entries?.length ?? 0) - this.#head
  }

  get first(): Outgoing | undefined {
    return this.#entries?.[this.#head]
  }

  add(number: number, parcel: Parcel | undefined): void {
    const size = parcel?.size ?? 0
    this.bytes += size
    if (number === 0) this.answerBytes += size
    ;(this.#entries ??= []).push({ number, parcel })
  }

  /** Removes the first. */
  take(): void {
    const first = this.first
    const size = first?.parcel?.size ?? 0
    this.bytes -= size
    if (first?.number === 0) this.answerBytes -= size
    this.#head++
    if (this.#head === this.#entries?.length) {
      this.#entries = undefined
      this.#head = 0
    } else if (this.#head > cutAt) {
      this.#entries?.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Removes the inbox entries up to this number, which stand in front of all that come after. @returns their numbers */
  dropTo(number: number): readonly number[] {
    const waiting = (this.#entries ?? []).slice(this.#head)
    const dropped = waiting.filter((entry) => entry.number > 0 && entry.number <= number)
    if (dropped.length === 0) return []
    const left = waiting.filter((entry) => entry.number === 0 || entry.number > number)
    for (const { parcel } of dropped) this.bytes -= parcel?.size ?? 0
    this.#entries = left.length === 0 ? undefined : left
    this.#head = 0
    return dropped.map((entry) => entry.number)
  }

  clear(): void {
    this.#entries = undefined
    this.#head = this.bytes = this.answerBytes = 0
  }
}
