/** More than any scenario keeps in flight on one lane; a power of two. */
const capacity = 8_192

/**
 * One stream of messages and those who must see each of them: the sender's PUBACK, an answer, every receiver. Each party sees the
 * messages of a lane in the order of sending, so counting is enough to know which one it has seen.
 */
export class Lane {
  /** Told when the last party has seen a message, with the milliseconds since it was sent. */
  onDone: (ms: number) => void = () => undefined
  /** Why the run is worthless, if it is: a refusal, an unexpected delivery. */
  failure: string | undefined
  readonly #send: (number: number) => void
  readonly #seenBy: Int32Array
  readonly #sentAt = new Float64Array(capacity)
  readonly #sightings = new Int32Array(capacity)
  #sent = 0
  #done = 0

  /** @param send writes message `number`, counted from 0 */
  constructor(parties: number, send: (number: number) => void) {
    this.#seenBy = new Int32Array(parties)
    this.#send = send
  }

  get inFlight(): number {
    return this.#sent - this.#done
  }

  send(now: number): void {
    if (this.inFlight >= capacity) {
      this.failure ??= `${capacity} messages of one lane are unanswered`
      return
    }
    this.#sentAt[this.#sent & (capacity - 1)] = now
    this.#send(this.#sent++)
  }

  seen(party: number): void {
    const number = this.#seenBy[party] ?? 0
    this.#seenBy[party] = number + 1
    if (number >= this.#sent) {
      this.failure ??= 'a party has seen more messages than were sent'
      return
    }
    const slot = number & (capacity - 1)
    const sightings = (this.#sightings[slot] ?? 0) + 1
    this.#sightings[slot] = sightings === this.#seenBy.length ? 0 : sightings
    if (sightings < this.#seenBy.length) return
    this.#done++
    this.onDone(performance.now() - (this.#sentAt[slot] ?? 0))
  }
}
