import type { PushTask } from './task.js'

/** A push notification on its way to one device. */
export interface QueuedPush {
  /** Names it between the threads. */
  readonly id: string
  readonly client: string
  readonly task: PushTask
}

/** What waits for one channel. */
export interface PushQueue<P extends QueuedPush> {
  /**
   * Takes a notification on. One that waits already for the same device and has the same collapse key is replaced, in its place: whoever is
   * notified of the later one need not be of the earlier.
   * @returns the one that was replaced, and whether there was no room
   */
  add(push: P): { readonly replaced?: P; readonly isFull: boolean }
  ended(id: string): P | undefined
  readonly inFlight: number
}

export interface PushQueueOptions<P> {
  /** Notifications handed over and not ended. */
  readonly window: number
  readonly limit: number
  /** @param hasWaited it was not handed over as soon as it was added: what it says may be out of date */
  readonly perform: (push: P, hasWaited: boolean) => void
}

/** One for each channel, so that a slow service holds up none but its own. */
export function newPushQueue<P extends QueuedPush>({ window, limit, perform }: PushQueueOptions<P>): PushQueue<P> {
  const waiting = new Map<string, P>()
  const inFlight = new Map<string, P>()

  function pump(haveWaited: boolean): void {
    for (const [key, push] of waiting) {
      if (inFlight.size >= window) return
      waiting.delete(key)
      inFlight.set(push.id, push)
      perform(push, haveWaited)
    }
  }

  return {
    add(push) {
      const key = `${push.client} ${push.task.note.collapse}`
      const replaced = waiting.get(key)
      if (replaced === undefined && waiting.size >= limit) return { isFull: true }
      waiting.set(key, push)
      // Others wait only while the window is full.
      pump(false)
      return replaced === undefined ? { isFull: false } : { replaced, isFull: false }
    },
    ended(id) {
      const push = inFlight.get(id)
      inFlight.delete(id)
      pump(true)
      return push
    },
    get inFlight() {
      return inFlight.size
    },
  }
}
