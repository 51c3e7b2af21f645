import { type Monotonic, monotonicMs } from '../../clock/index.js'
import { addressLevel } from '../../rpc/index.js'
import { networkOf } from './network.js'
import { Share, type Sharer, type ShareRule } from './share.js'

/**
 * What a connection is, as far as is known: `unfinished` has sent no CONNECT, `claimant` has shown a token or a secret that is being looked at,
 * `guest` is connected and shows nothing, `proven` has shown a token or a secret that is right; of file transfers `asking` has not shown a right
 * token yet and `transferring` has.
 */
export type PlaceKind = 'unfinished' | 'claimant' | 'guest' | 'proven' | 'asking' | 'transferring'

/**
 * Why a connection was turned away: `rate` (too many from its address in a time), `connections` (as many as allowed are open), `address` (its address
 * has as many of its kind as it may), `crowded` (all places of its kind are taken, and its network has the most), `unfinished` (no CONNECT in
 * time), `life` (it has shown nothing for as long as it may).
 */
export type TurnedAway = 'rate' | 'connections' | 'address' | 'crowded' | 'unfinished' | 'life'

export interface PlaceLimits {
  readonly maxConnections: number
  /** Connections that the machine has room for. */
  readonly fits: number
  /** Of these, and of what fits, how many percent the unfinished and the guests may take, each. */
  readonly unprovenPercent: number
  /** Connections of one address (of IPv6 one /64) that have not proved anything, of each kind. */
  readonly unprovenPerAddress: number
  /** From the beginning of a connection to its CONNECT, ms; of a file transfer to the first right token. */
  readonly connectDeadlineMs: number
  /** How long a guest may stay, ms. */
  readonly unprovenLifeMs: number
  /** File transfers at a time. */
  readonly maxTransfers: number
}

export interface PlacesParts {
  /** Asked each time, as options may change. */
  readonly limits: PlaceLimits
  /** Whether one more connection of an address is within the rate. */
  readonly admits: (address: string) => boolean
  readonly onTurnedAway: (because: TurnedAway, address: string) => void
  /** The monotonic clock; a test's own */
  readonly elapsed?: () => Monotonic
}

/** The place that a socket has, from when it was accepted to its end. */
export interface Place extends Sharer {
  /** The address as limits see it: of IPv6 the /64. */
  address: string
  network: string
  kind: PlaceKind | undefined
  /** It is closed, or about to be: it takes no place any more. */
  isOver: boolean
  /** Ends the connection. */
  readonly end: () => void
}

/** So many unfinished ones and guests fit, however few connections are allowed. */
const fewestUnproven = 16
/** Of those behind a proxy that has not said yet who they are. */
const unknownAddress = ''

/**
 * Who has a place among the connections, by kind and by address. Who has not proved anything has shares that the proven do not need; who has takes
 * any place, also that of a guest, and is turned away only where all are taken by others like him.
 * @see docs/decisions/0196-places-by-kind-and-address.md
 */
export class Places {
  readonly #parts: PlacesParts
  readonly #elapsed: () => Monotonic
  readonly #shares: Readonly<Record<Exclude<PlaceKind, 'proven'>, Share<Place>>>
  #proven = 0

  constructor(parts: PlacesParts) {
    this.#parts = parts
    this.#elapsed = parts.elapsed ?? monotonicMs
    this.#shares = newShares(parts.limits)
  }

  /**
   * A socket has been accepted.
   * @param address undefined where it is not known yet, see {@link tell}
   * @returns undefined if it is turned away: it is to be ended at once
   */
  enter(address: string | undefined, end: () => void): Place | undefined {
    const place: Place = { address: unknownAddress, network: unknownAddress, kind: undefined, isOver: false, since: this.#elapsed(), end }
    if (address !== undefined && !this.#isAdmitted(place, address)) return undefined
    return this.move(place, 'unfinished') ? place : undefined
  }

  /** Its address is known now. @returns false if it was turned away for that, and has been ended */
  tell(place: Place, address: string): boolean {
    this.#vacate(place)
    if (place.isOver || this.#isAdmitted(place, address)) return this.move(place, 'unfinished')
    place.isOver = true
    place.end()
    return false
  }

  /** More is known of what it is. @returns false if there is no place for one like it: it has been ended */
  move(place: Place, kind: PlaceKind): boolean {
    if (place.isOver || place.kind === kind) return !place.isOver
    this.#vacate(place)
    const because = this.#take(place, kind)
    if (because === undefined) place.kind = kind
    else this.#end(place, because)
    return because === undefined
  }

  /** Ends a connection that can become nothing, as all places are taken by the proven. @returns whether it stays */
  hasRoomFor(place: Place): boolean {
    if (!place.isOver && !this.#hasRoom) this.#end(place, 'connections')
    return !place.isOver
  }

  /** It is closed. */
  leave(place: Place): void {
    place.isOver = true
    this.#vacate(place)
  }

  #vacate(place: Place): void {
    if (place.kind === 'proven') this.#proven--
    else if (place.kind !== undefined) this.#shares[place.kind].leave(place)
    place.kind = undefined
  }

  /** Ends those whose time is over; to be called about once a second. */
  sweep(): void {
    for (const [kind, because] of sweeps) {
      for (const place of this.#shares[kind].expire(this.#elapsed())) this.#end(place, because)
    }
  }

  /** Whether who proves himself would find a place. */
  get #hasRoom(): boolean {
    return this.#proven < this.#parts.limits.maxConnections
  }

  #isAdmitted(place: Place, address: string): boolean {
    place.address = addressLevel(address)
    place.network = networkOf(place.address)
    if (this.#parts.admits(place.address)) return true
    this.#parts.onTurnedAway('rate', place.address)
    return false
  }

  #take(place: Place, kind: PlaceKind): TurnedAway | undefined {
    const isFull = this.#proven + this.#shares.guest.size >= this.#parts.limits.maxConnections
    if (kind === 'proven') {
      if (isFull && !this.#displace(this.#shares.guest.giveUp())) return 'connections'
      this.#proven++
      return undefined
    }
    if (kind === 'guest' && isFull) return 'connections'
    if (kind === 'claimant' && !this.#hasRoom) return 'connections'
    const entry = this.#shares[kind].enter(place, this.#elapsed())
    if (entry.kind === 'out') return entry.because
    this.#displace(entry.displaced)
    return undefined
  }

  #displace(place: Place | undefined): boolean {
    if (place !== undefined) this.#end(place, 'crowded')
    return place !== undefined
  }

  #end(place: Place, because: TurnedAway): void {
    this.leave(place)
    this.#parts.onTurnedAway(because, place.address)
    place.end()
  }
}

const sweeps = [
  ['unfinished', 'unfinished'],
  ['asking', 'unfinished'],
  ['guest', 'life'],
] as const

/** Each may hold a frame that is not whole yet, 360 KB, before it has shown a token. */
const mostAsking = 256
/** Of what fits, transfers may have a fourth, however many the limit allows. */
const shareOfTransfers = 1 / 4

function newShares(limits: PlaceLimits): Record<Exclude<PlaceKind, 'proven'>, Share<Place>> {
  const connections = (): number => Math.min(limits.maxConnections, limits.fits)
  const transfers = (): number => Math.max(fewestUnproven, Math.min(limits.maxTransfers, Math.floor(limits.fits * shareOfTransfers)))
  const ofAll = (all: number): number => Math.max(fewestUnproven, Math.floor((all * limits.unprovenPercent) / 100))
  const forever = (): number => Infinity
  const perAddress = (address: string): number => (address === unknownAddress ? Infinity : limits.unprovenPerAddress)
  const deadline = (): number => limits.connectDeadlineMs
  const share = (places: () => number, lifeMs: () => number, rule: Partial<ShareRule> = {}): Share<Place> =>
    new Share({ places, perAddress, lifeMs, ...rule })
  return {
    unfinished: share(() => ofAll(connections()), deadline),
    // Half: those who cannot be looked at (the store is away) must not take every place. Deciding has a patience of its own.
    claimant: share(() => Math.max(1, Math.floor(connections() / 2)), forever),
    guest: share(
      () => ofAll(connections()),
      () => limits.unprovenLifeMs,
    ),
    asking: share(() => Math.min(mostAsking, ofAll(transfers())), deadline),
    transferring: share(transfers, forever, { perAddress: forever }),
  }
}
