import { lastAnswerSlot, nextAnswerSlot, slotOf, someAnswerSlot } from './slots.js'

/** With the window, fewer than there are slots for answers. */
const beyondMax = 8_192

/** What was sent to one device and is not acknowledged, by slot. */
export class Window {
  readonly #size: number
  /** Numbers, 0 for answers. Made when first needed: most devices are idle most of the time. */
  #inFlight: Map<number, number> | undefined
  /** So many more than the window may be unacknowledged now. */
  #beyond = 0
  #nextAnswerSlot = someAnswerSlot()

  constructor(size: number) {
    this.#size = size
  }

  get isEmpty(): boolean {
    return (this.#inFlight?.size ?? 0) === 0
  }

  get isFull(): boolean {
    return (this.#inFlight?.size ?? 0) >= this.#size + this.#beyond
  }

  /** One more than the window allows may be sent. */
  widen(): void {
    if (this.#beyond < beyondMax) this.#beyond++
  }

  /** Whether an inbox entry has to wait for the acknowledgement of what was sent under its slot. */
  isTaken(number: number): boolean {
    return number > 0 && this.#inFlight?.has(slotOf(number)) === true
  }

  /** An inbox entry, or an answer (0), is sent. @returns its slot */
  take(number: number): number {
    const slot = number === 0 ? this.#answerSlot() : slotOf(number)
    ;(this.#inFlight ??= new Map()).set(slot, number)
    return slot
  }

  /** @returns the number of what was sent under a slot; `ours` if nothing is now, `others` if the slot is none of ours */
  find(slot: number): number | 'ours' | 'others' {
    return this.#inFlight?.get(slot) ?? (slot <= lastAnswerSlot ? 'ours' : 'others')
  }

  /** It is acknowledged. */
  free(slot: number): void {
    this.#inFlight?.delete(slot)
    if ((this.#inFlight?.size ?? 0) < this.#size) this.#beyond = 0
  }

  /** Slots and numbers of the inbox entries up to this one that are not acknowledged. */
  upTo(number: number): readonly (readonly [slot: number, number: number])[] {
    return [...(this.#inFlight ?? [])].filter(([, sent]) => sent > 0 && sent <= number)
  }

  #answerSlot(): number {
    for (;;) {
      const slot = this.#nextAnswerSlot
      this.#nextAnswerSlot = nextAnswerSlot(slot)
      // The window is smaller than the range: a free one is always found.
      if (this.#inFlight?.has(slot) !== true) return slot
    }
  }
}
