import type { Bytes } from '../../../store/contract.js'
import type { ClusterMemberDocument } from '../../documents/index.js'

/** A member as it was last read. */
export interface KnownMember {
  readonly boot: string
  readonly bytes: Bytes
  readonly document: ClusterMemberDocument
  /** For how long its beat has not changed, as far as the store was there to show it, ms. */
  readonly silentMs: number
}

/** Members whose names only are known are remembered for their end, so many of them. */
const rememberedNames = 10_000

/**
 * The members of a cluster as one process sees them, from look to look. Whether a member lives is what its document says, not what this process
 * thinks of its silence: so all processes agree, but for the time until they look again.
 */
export class Roll {
  readonly #own: string
  #members = new Map<string, KnownMember>()
  /** Looks begun and ended so far. */
  #begun = 0
  #ended = 0
  /** For boots that no look has shown, how many looks had begun when they were first heard of. */
  readonly #heardOf = new Map<string, number>()

  readonly #onHeard: () => void

  /** @param onHeard told of a boot that only another look can tell of */
  constructor(own: string, onHeard: () => void) {
    this.#own = own
    this.#onHeard = onHeard
  }

  /** A look begins. @returns its number */
  begin(): number {
    return ++this.#begun
  }

  /**
   * What a look has shown.
   * @param passedMs how long its members may be said to have been silent since the look before
   */
  take(number: number, rows: readonly Omit<KnownMember, 'silentMs'>[], passedMs: number): void {
    const before = this.#members
    this.#members = new Map(rows.map((row) => [row.boot, { ...row, silentMs: silence(before.get(row.boot), row.document, passedMs) }]))
    for (const boot of before.keys()) if (!this.#members.has(boot)) this.#heardOf.set(boot, number - 1)
    for (const boot of this.#members.keys()) this.#heardOf.delete(boot)
    this.#ended = number
  }

  /** Something about one member has been learned or decided meanwhile. */
  set(member: Omit<KnownMember, 'silentMs'>): void {
    this.#members.set(member.boot, { ...member, silentMs: 0 })
  }

  /**
   * Whether a member lives. One that joined after the latest look is only heard of yet: it counts as living until a look that has begun later
   * has not shown it.
   */
  isLive(boot: string): boolean {
    if (boot === this.#own) return true
    const known = this.#members.get(boot)
    if (known !== undefined) return known.document.heir === null
    const heardOf = this.#heardOf.get(boot)
    if (heardOf !== undefined) return this.#ended <= heardOf
    this.#hear(boot)
    return true
  }

  get(boot: string): KnownMember | undefined {
    return this.#members.get(boot)
  }

  /** The other members, the dead among them. */
  get others(): readonly KnownMember[] {
    return [...this.#members.values()].filter(({ boot }) => boot !== this.#own)
  }

  #hear(boot: string): void {
    this.#heardOf.set(boot, this.#begun)
    this.#onHeard()
    if (this.#heardOf.size <= rememberedNames) return
    for (const oldest of this.#heardOf.keys()) {
      this.#heardOf.delete(oldest)
      return
    }
  }
}

function silence(before: KnownMember | undefined, { beat, joined }: ClusterMemberDocument, passedMs: number): number {
  if (before === undefined || before.document.beat !== beat || before.document.joined !== joined) return 0
  return before.silentMs + passedMs
}
