import type { Link } from './link.js'

/** A link whose peer does not take what was written: nothing more is written until it does, and not for ever. */
export class Congestion {
  #isOn = false
  #timer: NodeJS.Timeout | undefined
  #forget: (() => void) | undefined

  get isOn(): boolean {
    return this.#isOn
  }

  /**
   * @param onDrained more may be written
   * @param onStuck it has taken nothing for so long, ms
   */
  begin(link: Link, patienceMs: number, onDrained: () => void, onStuck: () => void): void {
    if (this.#isOn) return
    this.#isOn = true
    this.#forget = link.onceDrained(() => {
      this.#isOn = false
      clearTimeout(this.#timer)
      onDrained()
    })
    this.#timer = setTimeout(onStuck, patienceMs).unref()
  }

  /** Nobody waits for it any more. */
  end(): void {
    clearTimeout(this.#timer)
    this.#forget?.()
  }
}
