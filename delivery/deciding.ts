import type { ConnectResult } from '../rpc/index.js'
import type { Connection } from './connection.js'

/** Who a peer is, or why he is refused. */
export type Decided = Exclude<ConnectResult, { readonly kind: 'undecided' }>
export type Decide = (result: Decided) => void

interface Waiting {
  readonly connection: Connection
  readonly decide: Decide
  readonly patience: NodeJS.Timeout
}

export interface DecidingOptions {
  /** How long one may wait, ms; then it is closed. */
  readonly patienceMs: number
  /** Asks the worker of the connection, which holds what it cannot decide now. */
  readonly ask: (connection: Connection) => void
  /** Closes the connection without an answer: one would be final, and clients rightly end on it. */
  readonly giveUp: (connection: Connection, because: string) => void
}

/**
 * Connections of which it is being found out who they are. What holds them up will pass, and they wait for it, so long; how many may wait their
 * places say. @see docs/protocol/topics.md 12
 */
export class Deciding {
  readonly #options: DecidingOptions
  readonly #waiting = new Map<number, Waiting>()

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  add(connection: Connection, decide: Decide): void {
    const { patienceMs, ask, giveUp } = this.#options
    const patience = setTimeout(() => {
      giveUp(connection, 'it was not decided in time')
    }, patienceMs).unref()
    connection.link.onceClosed(() => {
      clearTimeout(patience)
    })
    // It stays until its worker answers, even if it is closed: the worker may have taken it for a connection by then.
    this.#waiting.set(connection.number, { connection, decide, patience })
    ask(connection)
  }

  /** Its worker has answered. @returns undefined if that was no answer to this */
  take(number: number): Pick<Waiting, 'connection' | 'decide'> | undefined {
    const waiting = this.#waiting.get(number)
    clearTimeout(waiting?.patience)
    this.#waiting.delete(number)
    return waiting
  }

  /** A new worker serves `node`: it is asked what the old one was asked. */
  askAgain(node: number): void {
    for (const [number, { connection }] of this.#waiting) {
      if (connection.node !== node) continue
      if (connection.state === 'closed') this.#waiting.delete(number)
      else this.#options.ask(connection)
    }
  }
}
