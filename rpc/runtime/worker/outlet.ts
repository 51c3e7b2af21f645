import { type FrameWriter, newFrameWriter, takeFrame } from '../link/frame.js'
import type { ControlToMain } from '../link/messages-to-main.js'

/** A frame of more is not kept until the end of the tick. */
const frameBytes = 1024 * 1024

/** The worker's way to the main thread: frames gather what happens in a tick, controls keep their place among them. */
export class Outlet {
  readonly frame: FrameWriter = newFrameWriter()
  readonly #post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void
  #isScheduled = false

  constructor(post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void) {
    this.#post = post
  }

  /** The frame has been written to: it is sent at the end of the tick, or now if it is large. */
  touch(): void {
    if (this.frame.length > frameBytes) this.#post(takeFrame(this.frame))
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.flush()
    })
  }

  flush(): void {
    this.#isScheduled = false
    if (this.frame.length > 0) this.#post(takeFrame(this.frame))
  }

  /** Sends the frame so far, then this. */
  control(message: ControlToMain): void {
    this.flush()
    this.#post(message)
  }
}
