/** An inbox as a device finds it when it connects. */
export interface FoundInbox {
  /** Entries up to here may have been sent, as far as the store knows. */
  readonly sentTo: number
  /** See `ConnectResult`: 0 outside a cluster. */
  readonly epoch: number
  readonly wasHeld: boolean
}

/**
 * How far each inbox had been sent when its device was last connected here, so that only what was sent before is repeated with DUP. Bounded: the
 * longest unused are forgotten. Of a device that is not remembered (a restart, say), or that has been connected to another process of the
 * cluster since, what the store knows counts: how far the inbox had been sent when it was given up, or all of it if it was not.
 */
export interface SentMemory {
  /** @param epoch that of the connection that has ended */
  remember(clientId: string, sentTo: number, epoch: number): void
  recall(clientId: string, inbox: FoundInbox): number
}

interface Sent {
  readonly to: number
  readonly epoch: number
}

export function newSentMemory(capacity: number): SentMemory {
  const sent = new Map<string, Sent>()
  return {
    remember(clientId, to, epoch) {
      sent.delete(clientId)
      sent.set(clientId, { to, epoch })
      if (sent.size > capacity) for (const oldest of sent.keys()) return void sent.delete(oldest)
    },
    recall(clientId, inbox) {
      const known = sent.get(clientId)
      return known !== undefined && isNextAfter(known, inbox) ? known.to : inbox.sentTo
    },
  }
}

/** Whether nobody else has held the inbox in between: it was taken over (one epoch later), or given up and opened (two). */
function isNextAfter({ epoch }: Sent, found: FoundInbox): boolean {
  return found.epoch === 0 || found.epoch === epoch + 1 || (found.epoch === epoch + 2 && !found.wasHeld)
}
