import type { Redis } from 'ioredis'
import { openConnection, type RedisPlace } from './connection.js'

type Told = () => void

/**
 * The subscribing connection of plain MQTT use, with what `mqemitter-redis` needs of one. Everything that was asked for is asked for again
 * when the connection is back; what is asked for meanwhile is told to be done then.
 */
export interface PlainSubscriber {
  on(event: string, listener: (...args: never[]) => void): void
  subscribe(channel: string, told: Told): void
  psubscribe(pattern: string, told: Told): void
  unsubscribe(channel: string, told: Told): void
  punsubscribe(pattern: string, told: Told): void
  quit(): void
  /** Resolves when Redis has everything that has been asked for so far. */
  settled(): Promise<void>
}

type Kind = 'subscribe' | 'psubscribe'

/** Names in one command at a reconnection. */
const namesAtOnce = 500

export interface PlainSubscriberEvents {
  readonly onError: (error: Error) => void
  /** The connection is lost. */
  readonly onInterrupted: () => void
  /** It is back and listens as before: what was sent meanwhile has been missed. */
  readonly onResubscribed: () => void
}

export function openPlainSubscriber(place: RedisPlace, { onError, onInterrupted, onResubscribed }: PlainSubscriberEvents): PlainSubscriber {
  const redis = openConnection(place, onError)
  const wanted: Record<Kind, Set<string>> = { subscribe: new Set(), psubscribe: new Set() }
  let waiting: Told[] = []
  let last: Promise<unknown> = Promise.resolve()
  let isListening = false
  let isFirst = true

  async function resubscribe(): Promise<void> {
    // What is asked for from now on is sent behind this, on the same connection.
    isListening = true
    const told = waiting
    waiting = []
    try {
      for (const kind of ['subscribe', 'psubscribe'] as const) await askAll(redis, kind, [...wanted[kind]])
    } catch (error) {
      waiting = [...told, ...waiting]
      throw error
    }
    for (const tell of told) tell()
    if (!isFirst) onResubscribed()
    isFirst = false
  }

  redis.on('ready', () => {
    resubscribe().catch((error: unknown) => {
      isListening = false
      onError(error instanceof Error ? error : new Error('subscribe failed', { cause: error }))
      redis.disconnect(true)
    })
  })
  redis.on('close', () => {
    if (isListening) onInterrupted()
    isListening = false
  })

  function ask(kind: Kind, name: string, told: Told): void {
    wanted[kind].add(name)
    const later = (): void => void waiting.push(told)
    if (!isListening) later()
    else last = redis[kind](name).then(told, later)
  }

  function forget(kind: Kind, name: string, told: Told): void {
    wanted[kind].delete(name)
    // A name that stays subscribed because this was not heard is gone with the connection.
    if (isListening) last = (kind === 'subscribe' ? redis.unsubscribe(name) : redis.punsubscribe(name)).then(told, told)
    else told()
  }

  return {
    on: (event, listener) => void redis.on(event, listener as (...args: unknown[]) => void),
    subscribe: ask.bind(undefined, 'subscribe'),
    psubscribe: ask.bind(undefined, 'psubscribe'),
    unsubscribe: forget.bind(undefined, 'subscribe'),
    punsubscribe: forget.bind(undefined, 'psubscribe'),
    quit: () => {
      redis.disconnect()
    },
    async settled() {
      await last
      if (!isListening) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

async function askAll(redis: Redis, kind: Kind, names: readonly string[]): Promise<void> {
  for (let i = 0; i < names.length; i += namesAtOnce) await redis[kind](...names.slice(i, i + namesAtOnce))
}
