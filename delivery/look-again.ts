import type { Connection, Connections } from './connection.js'

const atOnce = 200
const pauseMs = 20

/**
 * Looks at the inboxes of all devices, some at a time, so that the store and whoever else needs it get their turns. Asked again meanwhile, it
 * goes over all of them once more.
 */
export function newLookAgain({ byNumber }: Connections): () => void {
  let waiting: Connection[] | undefined

  function step(): void {
    for (const { state, pump } of waiting?.splice(-atOnce) ?? []) if (state === 'open') pump.refresh()
    if (waiting?.length === 0) waiting = undefined
    else setTimeout(step, pauseMs).unref()
  }

  return () => {
    const isRunning = waiting !== undefined
    waiting = [...byNumber.values()]
    if (!isRunning) step()
  }
}
