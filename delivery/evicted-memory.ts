/**
 * Epochs at which other processes of the cluster have opened inboxes: the news may overtake the answer to a CONNECT that it makes void.
 * Bounded: the oldest are forgotten. What is missed here ends at its first commit or keep-alive.
 */
export interface EvictedMemory {
  note(clientId: string, epoch: number): void
  /** Whether a connection of this epoch has been followed by another. Connections outside a cluster have the epoch 0, and never are. */
  isEvicted(clientId: string, epoch: number): boolean
}

export function newEvictedMemory(capacity: number): EvictedMemory {
  const epochs = new Map<string, number>()
  return {
    note(clientId, epoch) {
      const known = epochs.get(clientId) ?? 0
      epochs.delete(clientId)
      epochs.set(clientId, Math.max(known, epoch))
      if (epochs.size > capacity) for (const oldest of epochs.keys()) return void epochs.delete(oldest)
    },
    isEvicted: (clientId, epoch) => epoch > 0 && epoch < (epochs.get(clientId) ?? 0),
  }
}
