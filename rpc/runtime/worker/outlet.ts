import { type FrameWriter, newFrameWriter, takeFrame } from '../link/frame.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import type { UnderWay } from '../link/under-way.js'

/** A frame of more is not kept until the end of the tick; what is large has most of one for itself, and need not be copied out of it. */
const frameBytes = 64 * 1024
/** Nothing new is begun while the main thread has more than so many bytes to deal with. */
const unreadLimit = 1024 * 1024

/** The worker's way to the main thread: frames gather what happens in a tick, controls keep their place among them. */
export class Outlet {
  readonly frame: FrameWriter = newFrameWriter()
  readonly #post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void
  readonly #underWay: UnderWay | null
  #isScheduled = false

  /** @param underWay where what is sent is counted; null where nobody reads it */
  constructor(post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void, underWay: UnderWay | null = null) {
    this.#post = post
    this.#underWay = underWay
  }

  /** The main thread has so much to deal with already that more would only wait there, behind one another, whoever it is for. */
  get isCongested(): boolean {
    return this.#underWay !== null && this.#underWay.unreadBytes + this.frame.length > unreadLimit
  }

  /** The frame has been written to: it is sent at the end of the tick, or now if it is large. */
  touch(): void {
    if (this.frame.length > frameBytes) this.#send()
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.flush()
    })
  }

  flush(): void {
    this.#isScheduled = false
    if (this.frame.length > 0) this.#send()
  }

  #send(): void {
    this.#underWay?.posted(this.frame.length)
    this.#post(takeFrame(this.frame))
  }

  /** Sends the frame so far, then this. */
  control(message: ControlToMain): void {
    this.flush()
    this.#post(message)
  }
}
