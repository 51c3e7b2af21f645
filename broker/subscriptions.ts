import type { Client as AedesClient, Subscription } from 'aedes'
import { decideSubscribe, noFacts } from '../acl/index.js'
import { parseTopic } from '../topics/index.js'
import { aclClient, type Connection } from '../delivery/index.js'
import type { BrokerState } from './broker-state.js'
import type { MqttLink } from './mqtt-link.js'
import { type SpreadWork, spreadWork } from './packets/spread-work.js'

type Granted = (error: Error | null, subscription?: Subscription | null) => void

interface Waiting {
  readonly connection: Connection
  readonly filter: string
  readonly decide: (isAllowed: boolean) => void
}

/** Filters that are dealt with in one turn of the event loop, of all connections. */
const filtersPerTurn = 32
/** Filters of plain MQTT use that a connection may have. */
const plainFiltersMax = 1_000

/** SUBSCRIBEs to chat topics whose decision is under way in a worker. */
export class Subscribing {
  readonly spread: SpreadWork = spreadWork(filtersPerTurn)
  readonly #ask: (connection: Connection, request: number, filter: string) => void
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** @param ask asks the worker of the connection, which answers with the number of the request */
  constructor(ask: (connection: Connection, request: number, filter: string) => void) {
    this.#ask = ask
  }

  ask(waiting: Waiting): void {
    const request = ++this.#last
    this.#waiting.set(request, waiting)
    this.#ask(waiting.connection, request, waiting.filter)
  }

  decided(request: number, isAllowed: boolean): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    if (waiting?.connection.state !== 'closed') waiting?.decide(isAllowed)
  }

  /** A new worker serves `node`: it is asked what the old one was asked. */
  askAgain(node: number): void {
    for (const [request, { connection, filter }] of this.#waiting) {
      if (connection.node !== node) continue
      if (connection.state === 'closed') this.#waiting.delete(request)
      else this.#ask(connection, request, filter)
    }
  }
}

/**
 * SUBSCRIBE of one filter. To exactly a chat topic it belongs to, a device is granted it and nothing changes: the topic is an audience, and
 * what is sent to it arrives anyway. Plain filters need a grant. All else is refused with 0x80. @see docs/protocol/topics.md 11
 */
export function acceptSubscribe(
  state: BrokerState,
  subscribing: Subscribing,
  client: AedesClient,
  subscription: Subscription,
  granted: Granted,
): void {
  const link = state.links.byAedes.get(client)
  if (link === undefined) granted(null, null)
  else
    subscribing.spread(() => {
      if (link.connection.state !== 'closed') decide(state, subscribing, link, subscription, granted)
    })
}

function decide(state: BrokerState, subscribing: Subscribing, link: MqttLink, subscription: Subscription, granted: Granted): void {
  const { aedes, connection } = link
  const who = aclClient(connection)
  const isPlain = parseTopic(subscription.topic).kind === 'other'
  // Aedes restores the session's own subscription while it connects: `actions` is served by the pump.
  if (who === undefined || (!isPlain && !aedes.connected)) granted(null, null)
  else if (isPlain) {
    const isAllowed = decideSubscribe(who, subscription.topic, noFacts, state.options.grants).allowed && grantPlain(link, subscription)
    if (!isAllowed) state.world.counts.denied('subscribe')
    granted(null, isAllowed ? subscription : null)
  } else {
    const answer = (isAllowed: boolean): void => {
      if (!isAllowed) state.world.counts.denied('subscribe')
      granted(null, isAllowed ? subscription : null)
    }
    subscribing.ask({ connection, filter: subscription.topic, decide: answer })
  }
}

/** Filters that a connection has no more. */
export function forgetFilters(link: MqttLink | undefined, filters: readonly string[]): void {
  for (const filter of filters) link?.plainFilters?.delete(filter)
}

/** @returns false if the connection has as many as it may have */
function grantPlain(link: MqttLink, subscription: Subscription): boolean {
  const filters = (link.plainFilters ??= new Set())
  if (filters.size >= plainFiltersMax && !filters.has(subscription.topic)) return false
  filters.add(subscription.topic)
  if (link.aedes.connected && !link.connection.words.isClean) link.unstoredFilters.push(subscription)
  return true
}
