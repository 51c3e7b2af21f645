import type { Aedes } from 'aedes'

interface Place {
  /** Sends the packet on its way; undefined until Aedes has stored it. */
  send: (() => void) | undefined
  isDone: boolean
}

interface Numbered {
  readonly brokerId?: string
  readonly brokerCounter?: number
}

type Done = (error?: Error | null) => void
type Emit = (packet: Numbered, done?: Done) => void

/** Keeps the publishes of this broker in the order of their numbers. */
export interface PublishOrder {
  /** Wraps a call of Aedes' publish, which numbers its packet at once. */
  publish(publish: (done: Done) => void, done: Done): void
}

/**
 * Aedes numbers a packet, stores it for those who are away, and then emits it; a subscriber takes a packet for a duplicate if one with a higher
 * number has come before. So what is stored faster would make what is stored slower disappear for everybody: here a packet waits until those
 * before it have been emitted.
 *
 * Whoever publishes does not wait for subscribers to read: what their sessions are owed has been stored before. Only where there are other processes,
 * which have to be reached (`isShared`), it waits for what Aedes emits to have been sent.
 */
export function newPublishOrder(aedes: Aedes, { isShared }: { readonly isShared: boolean }): PublishOrder {
  const broker = aedes as unknown as { readonly id: string; readonly counter: number; readonly mq: { emit: Emit } }
  /** By counter, in the order in which they were given. */
  const places = new Map<number, Place>()
  const emit = broker.mq.emit.bind(broker.mq)

  function advance(): void {
    for (const [counter, place] of places) {
      if (place.send === undefined && !place.isDone) return
      places.delete(counter)
      place.send?.()
    }
  }

  broker.mq.emit = (packet, done) => {
    const place = packet.brokerId === broker.id ? places.get(packet.brokerCounter ?? 0) : undefined
    if (place === undefined) {
      emit(packet, done)
      return
    }
    place.send = () => {
      if (isShared) {
        emit(packet, done)
        return
      }
      emit(packet)
      done?.()
    }
    advance()
  }

  return {
    publish(publish, done) {
      const place: Place = { send: undefined, isDone: false }
      places.set(broker.counter + 1, place)
      publish((error) => {
        place.isDone = true
        advance()
        done(error)
      })
    },
  }
}
