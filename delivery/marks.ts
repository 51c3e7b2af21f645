/** Where an inbox stands. */
export interface Standing {
  /** Entries up to here are acknowledged. */
  readonly settledTo: number
  /** Entries up to here have been received, and are not sent again. */
  readonly releasedTo: number
}

interface Owed {
  /** Of a run of empty places, the last. */
  readonly number: number
  isReceived: boolean
  isSettled: boolean
}

interface AwaitedRelease {
  readonly number: number
  readonly resolve: () => void
}

/** Taken entries at the front of a list are cut off once there are so many. */
const cutAt = 1_024

/**
 * How far an inbox has been received and acknowledged. Entries are noted in their order as they are taken up; acknowledgements come in any, and both
 * marks only move over a gapless run: `releasedTo` (it has been received: from now on only its release is repeated; stored before that is sent) and
 * `settledTo` (it may be forgotten).
 */
export class Marks {
  /** Made when first needed: most devices are idle most of the time. */
  #owed: Owed[] | undefined
  #owedHead = 0
  #awaitedReleases: AwaitedRelease[] | undefined
  #settledTo = 0
  #releasedTo = 0
  #storedReleasedTo = 0

  get settledTo(): number {
    return this.#settledTo
  }

  get releasedTo(): number {
    return this.#releasedTo
  }

  /** What is stored: a crash does not bring back what was released up to here. */
  get storedReleasedTo(): number {
    return this.#storedReleasedTo
  }

  start({ settledTo, releasedTo }: Standing): void {
    this.#settledTo = settledTo
    this.#releasedTo = this.#storedReleasedTo = releasedTo
  }

  /** An entry is owed. @param isReceived it was received before */
  owe(number: number, isReceived = number <= this.#releasedTo): void {
    ;(this.#owed ??= []).push({ number, isReceived, isSettled: false })
  }

  /** Nothing is owed from the last entry on up to this number. */
  passOver(through: number): void {
    ;(this.#owed ??= []).push({ number: through, isReceived: true, isSettled: true })
  }

  settle(number: number): void {
    const entry = this.#find(number)
    if (entry !== undefined) entry.isSettled = true
  }

  receive(number: number): void {
    const entry = this.#find(number)
    if (entry !== undefined) entry.isReceived = true
  }

  /** Moves both marks as far as they may be. @returns whether one has moved */
  move(): boolean {
    const before = this.#settledTo + this.#releasedTo
    const owed = this.#owed ?? []
    while (owed[this.#owedHead]?.isSettled === true) {
      this.#settledTo = owed[this.#owedHead]?.number ?? this.#settledTo
      this.#owedHead++
    }
    let released = Math.max(this.#releasedTo, this.#settledTo)
    for (let i = this.#owedHead; i < owed.length; i++) {
      const entry = owed[i]
      if (entry === undefined || !(entry.isReceived || entry.isSettled)) break
      released = Math.max(released, entry.number)
    }
    this.#releasedTo = released
    this.#cut(owed)
    return this.#settledTo + this.#releasedTo !== before
  }

  /** Resolves when the release of this number is stored. */
  storedRelease(number: number): Promise<void> {
    return new Promise((resolve) => {
      ;(this.#awaitedReleases ??= []).push({ number, resolve })
    })
  }

  /** Releases up to here are stored. */
  stored(releasedTo: number): void {
    this.#storedReleasedTo = Math.max(this.#storedReleasedTo, releasedTo)
    const awaited = this.#awaitedReleases
    while (awaited?.[0] !== undefined && awaited[0].number <= this.#storedReleasedTo) awaited.shift()?.resolve()
  }

  #find(number: number): Owed | undefined {
    const owed = this.#owed ?? []
    for (let i = this.#owedHead; i < owed.length; i++) if (owed[i]?.number === number) return owed[i]
    return undefined
  }

  #cut(owed: Owed[]): void {
    if (this.#owedHead === owed.length) {
      this.#owed = undefined
      this.#owedHead = 0
    } else if (this.#owedHead > cutAt) {
      owed.splice(0, this.#owedHead)
      this.#owedHead = 0
    }
  }
}
