import { pino, type DestinationStream } from 'pino'

/** What a turn's lines may come to before they are written without waiting for its end, in characters. */
const heldLimit = 64 * 1024

/**
 * Lines for stdout, those of one turn of the event loop in one write: a thousand devices that come back after an outage are a thousand lines.
 * They are written before the process ends, in order or by an error of its own.
 */
export function newLogLines(): DestinationStream {
  const stdout = pino.destination({ sync: true })
  let held = ''
  let isScheduled = false

  function flush(): void {
    isScheduled = false
    const lines = held
    held = ''
    if (lines !== '') stdout.write(lines)
  }

  process.on('exit', flush)
  return {
    write(line) {
      held += line
      if (held.length > heldLimit) flush()
      if (isScheduled) return
      isScheduled = true
      setImmediate(flush)
    },
  }
}
