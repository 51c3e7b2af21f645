import type { Monotonic } from '../../clock/index.js'
import { Crowd } from './crowd.js'

/** What may be in a share. */
export interface Sharer {
  readonly address: string
  /** What its address is a part of that one customer may have, as seen from far away: the address itself, or of IPv6 one /48. */
  readonly network: string
  /** When it came into the share it is in. */
  since: Monotonic
}

/** What a share allows; asked each time, as options may change. */
export interface ShareRule {
  /** Places in all. */
  readonly places: () => number
  /** Places of an address. */
  readonly perAddress: (address: string) => number
  /** How long one may stay, ms. */
  readonly lifeMs: () => number
}

/** What becomes of a newcomer: it is in, perhaps in the place of another, or it is not, and why. */
export type Entry<Member> =
  { readonly kind: 'in'; readonly displaced?: Member } | { readonly kind: 'out'; readonly because: 'address' | 'crowded' }

/**
 * Places for one kind of connection. Where all are taken, the network that has most of them gives one up to a network that has fewer: each
 * has its part, however many another one asks for. Who has as many as any other is turned away: nobody is displaced for somebody who will be
 * displaced for him.
 */
export class Share<Member extends Sharer> {
  readonly #rule: ShareRule
  readonly #byNetwork = new Crowd<Member>(({ network }) => network)
  readonly #byAddress = new Crowd<Member>(({ address }) => address)
  /** In the order in which they came. */
  readonly #members = new Set<Member>()

  constructor(rule: ShareRule) {
    this.#rule = rule
  }

  get size(): number {
    return this.#members.size
  }

  enter(member: Member, now: Monotonic): Entry<Member> {
    if (this.#byAddress.countLike(member) >= this.#rule.perAddress(member.address)) return { kind: 'out', because: 'address' }
    const isFull = this.size >= this.#rule.places()
    if (isFull && this.#byNetwork.countLike(member) + 1 >= this.#byNetwork.most) return { kind: 'out', because: 'crowded' }
    const displaced = isFull ? this.giveUp() : undefined
    member.since = now
    this.#byNetwork.add(member)
    this.#byAddress.add(member)
    this.#members.add(member)
    return displaced === undefined ? { kind: 'in' } : { kind: 'in', displaced }
  }

  /** Whoever has been here for longest of the network with most is out. */
  giveUp(): Member | undefined {
    const oldest = this.#byNetwork.oldestOfMost()
    if (oldest !== undefined) this.leave(oldest)
    return oldest
  }

  /** Does nothing for who is not in. */
  leave(member: Member): void {
    this.#members.delete(member)
    this.#byNetwork.remove(member)
    this.#byAddress.remove(member)
  }

  /** Puts out whose time is over. @returns them */
  expire(now: Monotonic): readonly Member[] {
    const lifeMs = this.#rule.lifeMs()
    const expired: Member[] = []
    for (const member of this.#members) {
      if (now - member.since < lifeMs) break
      expired.push(member)
    }
    for (const member of expired) this.leave(member)
    return expired
  }
}
