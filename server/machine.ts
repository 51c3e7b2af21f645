import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** What the process holds of what the machine, its container or its user have set a limit to. */
export interface Machine {
  /** Most descriptors the process may have now; Infinity where that is not known. */
  descriptorLimit(): number
  /** Descriptors it has now; costs time with each of them. */
  descriptors(): number
  /** Whether it gets one more. */
  hasDescriptor(): boolean
  /** Memory of its own, which cannot be had back by writing it to a file, and the limit of it; bytes. */
  memory(): { readonly used: number; readonly limit: number }
  /** Likewise of V8's heap of this thread. */
  heap(): { readonly used: number; readonly limit: number }
}

/** Linux; elsewhere little is known, and nothing runs out. */
export const thisMachine: Machine = {
  descriptorLimit,
  descriptors: () => namesIn('/proc/self/fd'),
  hasDescriptor() {
    try {
      closeSync(openSync('/dev/null', 'r'))
      return true
    } catch (error) {
      return !isOutOfDescriptors(error)
    }
  },
  memory: () => ({ used: anonymousBytes(), limit: memoryLimit() }),
  heap() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    return { used, limit }
  },
}

function isOutOfDescriptors(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EMFILE' || code === 'ENFILE'
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // not Linux, or not told
  }
}

function namesIn(folder: string): number {
  try {
    return readdirSync(folder).length
  } catch {
    return 0 // not Linux
  }
}

/** The first of the two limits is the one in force; Node has raised it to the other. */
function descriptorLimit(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits'))?.[1]
  return limit === undefined ? Infinity : Number(limit)
}

/** Pages of mapped files, the store's among them, are the kernel's to take back. */
function anonymousBytes(): number {
  const kib = /^RssAnon:\s+(\d+) kB/m.exec(textOf('/proc/self/status'))?.[1]
  return kib === undefined ? 0 : Number(kib) * 1024
}

/** Of the container, if it has one below what the machine has. */
function memoryLimit(): number {
  const constrained = (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
