/**
 * How far each inbox had been sent when its device was last connected, so that only what was sent before is repeated with DUP. Bounded:
 * the longest unused are forgotten. Of a device that is not remembered (a restart, say), one window may have been sent, of what its inbox
 * held when it connected.
 */
export interface SentMemory {
  remember(clientId: string, sentTo: number): void
  recall(clientId: string, inbox: { readonly settledTo: number; readonly last: number }): number
}

export function newSentMemory(capacity: number, windowSize: number): SentMemory {
  const sent = new Map<string, number>()
  return {
    remember(clientId, sentTo) {
      sent.delete(clientId)
      sent.set(clientId, sentTo)
      if (sent.size > capacity) for (const oldest of sent.keys()) return void sent.delete(oldest)
    },
    recall: (clientId, { settledTo, last }) => sent.get(clientId) ?? Math.min(settledTo + windowSize, last),
  }
}
