import type { Duplex } from 'node:stream'

/** Refuses a CONNECT after `delayMs`, which who guesses has to wait for; whoever has closed it meanwhile is told nothing. */
export function refuseLater(socket: Duplex, delayMs: number, refuse: () => void): void {
  if (delayMs === 0) {
    refuse()
    return
  }
  const timer = setTimeout(refuse, delayMs).unref()
  socket.once('close', () => {
    clearTimeout(timer)
  })
}
