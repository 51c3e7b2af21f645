/** What is kept of one connection, as far as it is known. */
export interface KeptLedger<Owner = unknown> {
  /** So many bytes are kept for `owner` now. */
  note(owner: Owner, bytes: number): void
}

export interface KeptLedgerOptions<Owner> {
  /** All connections together, bytes. */
  readonly limitBytes: number
  /** What is kept for `owner` at this moment: it is not noted when something is read. */
  readonly bytesOf: (owner: Owner) => number
  /** More is kept for this one than for any other, and the limit has been passed. */
  readonly onMost: (owner: Owner) => void
}

/** Less than this is not noted: for most connections nothing is kept for long. */
const notedBytes = 16 * 1024

/**
 * Bounds what is kept in memory for all connections together: for each it is bounded by itself, but there may be very many. Where it is too much,
 * whoever it is most for is let go.
 */
export function newKeptLedger<Owner>({ limitBytes, bytesOf, onMost }: KeptLedgerOptions<Owner>): KeptLedger<Owner> {
  const noted = new Map<Owner, number>()
  let total = 0

  function set(owner: Owner, bytes: number): void {
    total += bytes - (noted.get(owner) ?? 0)
    if (bytes < notedBytes) {
      noted.delete(owner)
      total -= bytes
    } else noted.set(owner, bytes)
  }

  function most(): Owner | undefined {
    let found: { readonly owner: Owner; readonly bytes: number } | undefined
    for (const [owner, bytes] of noted) if (found === undefined || bytes > found.bytes) found = { owner, bytes }
    return found?.owner
  }

  return {
    note(owner, bytes) {
      set(owner, bytes)
      if (total <= limitBytes) return
      for (const one of [...noted.keys()]) set(one, bytesOf(one))
      while (total > limitBytes) {
        const owner = most()
        if (owner === undefined) return
        set(owner, 0)
        onMost(owner)
      }
    },
  }
}
