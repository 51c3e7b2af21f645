import type { ConnectionGate } from '../broker/index.js'
import type { Exhaustion } from './exhaustion.js'
import type { Log } from './log.js'
import type { Machine } from './machine.js'

/** Looks after what the machine gives: whether one more connection can be taken, and what is running out. */
export interface MachineWatch {
  /** Counts a socket that has been accepted. @returns whether it may stay; one that may not is to be closed */
  takes(kind: 'client' | 'operator'): boolean
  /** A socket that was taken has been closed. */
  left(): void
  /** Connections of clients that fit, as far as descriptors go; Infinity while that is not known. */
  readonly fits: number
  /** Everything but connections has been opened: what is held now is held for good. */
  opened(): void
  /** To be called once a second. */
  look(): void
}

/** Kept for the store, files, services outside, and operators. */
const reservedDescriptors = 64
/** Of these, operators may take all but so many. */
const reservedFromOperators = 16
/** At this share of a limit the memory is called exhausted; below the other it is enough again. */
const fullShare = 0.9
const enoughShare = 0.8

export interface MachineWatchParts {
  readonly machine: Machine
  readonly exhaustion: Exhaustion
  readonly onRefused: (because: 'descriptors' | 'memory') => void
  readonly log: Log
  /** Connections that the options allow. */
  readonly maxConnections: number
}

export function watchMachine({ machine, exhaustion, onRefused, log, maxConnections }: MachineWatchParts): MachineWatch {
  let taken = 0
  let held = machine.descriptors()
  let limit = Infinity
  const places = (): number => limit - held - reservedDescriptors

  function lookAtDescriptors(): void {
    readLimit()
    if (!machine.hasDescriptor()) beginDescriptors()
    else if (taken < places() * 0.99) exhaustion.end('descriptors')
  }

  /** An operator may change it (prlimit) while the server runs. */
  function readLimit(): void {
    const before = limit
    limit = machine.descriptorLimit()
    if (limit === before || places() >= maxConnections) return
    const fields = { event: 'few-descriptors', limit, connections: Math.max(0, places()) }
    log.info(fields, `no more than ${fields.connections} connections fit: raise the limit of open files (ulimit -n, LimitNOFILE)`)
  }

  function beginDescriptors(): void {
    exhaustion.begin('descriptors', `${taken} connections are open, and the limit of open files is ${limit} (ulimit -n, LimitNOFILE)`)
  }

  return {
    takes(kind) {
      const isOperator = kind === 'operator'
      const isFull = taken >= (isOperator ? places() + reservedDescriptors - reservedFromOperators : places())
      if (isFull) beginDescriptors()
      const lacking = isFull ? 'descriptors' : !isOperator && exhaustion.has('memory') ? 'memory' : undefined
      if (lacking === undefined) taken++
      else onRefused(lacking)
      return lacking === undefined
    },
    left() {
      taken--
    },
    get fits() {
      return Math.max(0, places())
    },
    opened() {
      held = machine.descriptors() - taken
      readLimit()
    },
    look() {
      lookAtDescriptors()
      const memory = fullness(machine.memory(), exhaustion.has('memory'))
      if (memory.isFull) exhaustion.begin('memory', `the process holds ${memory.text}`)
      else exhaustion.end('memory')
      const heap = fullness(machine.heap(), exhaustion.has('memory'))
      if (heap.isFull) exhaustion.begin('memory', `the heap holds ${heap.text}`, 'heap')
      else exhaustion.end('memory', 'heap')
    },
  }
}

/** What asks it of each connection of a kind. */
export function gateOf(machine: MachineWatch, kind: 'client' | 'operator'): ConnectionGate {
  return { takes: () => machine.takes(kind), left: machine.left }
}

const mib = 1024 * 1024

/** Whether something is near its limit. @param was whether it has been, and has to fall lower before it is enough again */
export function fullness(
  { used, limit }: { readonly used: number; readonly limit: number },
  was: boolean,
): { readonly isFull: boolean; readonly text: string } {
  const isFull = used >= limit * (was ? enoughShare : fullShare)
  return { isFull, text: `${Math.round(used / mib)} of ${Math.round(limit / mib)} MiB` }
}
