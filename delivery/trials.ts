import type { WorkerDeath } from '../rpc/index.js'

/**
 * What is known of a request that has been handed to a worker: nothing; that it was `under way` when one died, so that it may be why; that a worker has
 * died while it was the only one that it had been handed, so that it is `condemned`.
 */
export type Suspicion = 'none' | 'suspect' | 'condemned'

/** A request, as far as trials look at it. */
export interface Triable {
  readonly node: number
  /** Requests of one client are handed in the order in which they came. */
  readonly client: string
  suspicion: Suspicion
}

/**
 * Who is handed what after the death of a worker. While nothing has died a node is *open*: requests are handed to it as they come. When its worker dies
 * it is *closed*: what comes waits. Once another worker stands in for it, what was under way is *tried*, one at a time and nothing beside it,
 * with what came before it from the same client; a suspect that kills again is condemned, and handed over to be refused. When nothing is left to
 * be tried the node is open, and is handed all the rest.
 */
export interface Trials {
  isOpen(node: number): boolean
  died(node: number, death: WorkerDeath): void
  /** Another worker stands in for the one that has died. */
  begin(node: number): void
  /** The worker is done with a request. */
  ended(request: number): void
  /** Nobody waits for the end of a request any more; its worker may still be working on it. */
  forgotten(request: number): void
}

export interface TrialsWorld<Entry extends Triable> {
  /** Requests that are not done with, by number, in the order in which they came. */
  readonly unfinished: ReadonlyMap<number, Entry>
  hand(request: number, entry: Entry): void
  /** It is handed to no worker any more, and acknowledged. */
  drop(request: number, entry: Entry): void
  onCondemned(entry: Entry): void
}

/** A request that nobody waits for any more is waited for so long, before the next one is tried. */
const forgottenMs = 2_000

interface Trial {
  /** The request that is being tried; 0 for none. */
  current: number
  readonly waiting: number[]
  timer: NodeJS.Timeout | undefined
}

export function newTrials<Entry extends Triable>({ unfinished, hand, drop, onCondemned }: TrialsWorld<Entry>): Trials {
  /** Of the nodes that are not open. */
  const trials = new Map<number, Trial>()

  function next(node: number, trial: Trial): void {
    clearTimeout(trial.timer)
    for (let request = trial.waiting.shift(); request !== undefined; request = trial.waiting.shift()) {
      const entry = unfinished.get(request)
      if (entry === undefined) continue
      trial.current = request
      hand(request, entry)
      return
    }
    trials.delete(node)
    for (const [request, entry] of unfinished) if (entry.node === node) hand(request, entry)
  }

  function trialOf(request: number): readonly [number, Trial] | undefined {
    for (const entry of trials) if (entry[1].current === request) return entry
    return undefined
  }

  function suspect(request: number, entry: Entry, isProven: boolean): void {
    if (!isProven) {
      if (entry.suspicion === 'none') entry.suspicion = 'suspect'
    } else if (entry.suspicion === 'condemned') {
      drop(request, entry)
    } else {
      entry.suspicion = 'condemned'
      onCondemned(entry)
    }
  }

  return {
    isOpen: (node) => !trials.has(node),
    died(node, { underWay, isAsked }) {
      const before = trials.get(node)
      clearTimeout(before?.timer)
      trials.set(node, { current: 0, waiting: [], timer: undefined })
      for (const [request, entry] of [...unfinished]) {
        if (entry.node === node && underWay.has(request)) suspect(request, entry, request === before?.current && !isAsked)
      }
    },
    begin(node) {
      const trial: Trial = { current: 0, waiting: toBeTried(unfinished, node), timer: undefined }
      trials.set(node, trial)
      next(node, trial)
    },
    ended(request) {
      const found = trialOf(request)
      if (found !== undefined) next(...found)
    },
    forgotten(request) {
      const found = trialOf(request)
      if (found === undefined) return
      found[1].timer = setTimeout(next, forgottenMs, ...found).unref()
    },
  }
}

/** The suspects of a node, each behind what came before it from the same client. */
function toBeTried(unfinished: ReadonlyMap<number, Triable>, node: number): number[] {
  const lastOf = new Map<string, number>()
  for (const [request, entry] of unfinished) {
    if (entry.node === node && entry.suspicion !== 'none') lastOf.set(entry.client, request)
  }
  const tried: number[] = []
  for (const [request, entry] of unfinished) {
    if (entry.node !== node || !lastOf.has(entry.client)) continue
    tried.push(request)
    if (lastOf.get(entry.client) === request) lastOf.delete(entry.client)
  }
  return tried
}
