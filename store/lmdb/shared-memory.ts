import { stampWords, touchAllStamps } from './stamps.js'
import { turnWords } from './shared-turns.js'

/** Memory that the handles of one process share: turns at writing, and stamps of what has changed. */
export function newSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((turnWords + stampWords) * Int32Array.BYTES_PER_ELEMENT)
}

export function turnsIn(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, turnWords)
}

export function stampsIn(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, turnWords * Int32Array.BYTES_PER_ELEMENT, stampWords)
}

/** A thread has died, perhaps between a commit and its stamps: whatever anybody remembers is to be read again. */
export function distrustMemory(memory: SharedArrayBuffer): void {
  touchAllStamps(stampsIn(memory))
}
