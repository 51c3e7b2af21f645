import { BroadcastChannel, isMainThread } from 'node:worker_threads'

/** Loaded into a server under test: SIGUSR2 makes every thread collect its garbage, so that what is measured is what is in use. */
const collect = (globalThis as { gc?: () => void }).gc
const channel = new BroadcastChannel('settle')
channel.unref()

function settle(): void {
  collect?.()
  // Twice: what the first round finalizes, the second can free.
  collect?.()
}

if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('settle')
    settle()
  })
} else {
  channel.onmessage = settle
}
