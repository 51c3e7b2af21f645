import type { Monotonic } from '../../../clock/index.js'
import type { Check, Store } from '../../../store/contract.js'
import { type ClusterMemberDocument, clusterMembers } from '../../documents/index.js'
import { type Repetition, repeat } from '../worker/repeat.js'
import { type KnownMember, Roll } from './roll.js'

/** What operators see of a process. */
export interface MemberNames {
  readonly host: string
  readonly pid: number
  readonly version: string
}

/** Something that has happened to a member, for the log. */
export interface MemberNews {
  readonly kind: 'joined' | 'taken for dead' | 'found dead' | 'taken over'
  readonly boot: string
}

export interface MembersWorld {
  readonly store: Store
  /** Of this process. */
  readonly boot: string
  /** The monotonic clock; it need not go on while the process stands still. */
  readonly elapsed: () => Monotonic
  /** The wall clock. */
  readonly now: () => number
  /** A member whose beat has not changed for so long is dead, ms. */
  readonly leaseMs: number
  /** Between two beats, and two looks at the others, ms. */
  readonly beatMs: number
  /** One worker of a process keeps it alive and sees to the dead; null for the others, which only look. */
  readonly names: MemberNames | null
  /** Bit mask of the variants that devices connected to this process speak. */
  readonly variants: () => number
  /**
   * Works off what a dead member has left, as its heir. Ends early once `isStopped`, or once it is the heir no more.
   * @returns whether nothing is left
   */
  readonly takeOver: (dead: string, isStopped: () => boolean) => Promise<boolean>
  /** This process was taken for dead and has joined again: what others have noted of its devices may be wrong. */
  readonly onLost: () => void
  readonly onNews: (news: MemberNews) => void
  readonly onFault: (fault: unknown) => void
}

const maxMembers = 10_000

/**
 * The membership of a process in its cluster: a document with a beat that counts up, renewed again and again while the process lives.
 *
 * A living member is `silent` for others while its beat does not change. Silence is counted from look to look: at most one beat for each, and
 * only where the store took the beat of the one who looks, so that neither an outage of the store nor a pause of this process makes anybody
 * look dead. Whoever has been silent for the lease is found dead by one checked commit, which names its heir: from then on it is `dead` to
 * everybody, and the heir takes over what it has left; then its document goes. An heir that dies itself is followed by another for both. A
 * member that finds itself dead joins again: its heir, whose every commit rests on that document, stops.
 */
export class Members {
  readonly #world: MembersWorld
  readonly #roll: Roll
  readonly #takeovers = new Map<string, Promise<void>>()
  #own: KnownMember | undefined
  /** What devices of this process have ever spoken: who comes back is spoken to at once. */
  #variants = 0
  #lastPass: Monotonic
  #isStopped = false
  #isFailing = false
  #isLookScheduled = false
  #passes: Repetition | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(world: MembersWorld) {
    this.#world = world
    this.#lastPass = world.elapsed()
    this.#roll = new Roll(world.boot, () => {
      this.#lookSoon()
    })
  }

  /** Whether a process serves its devices. This one always does; one that has just joined does. */
  readonly isLive = (boot: string): boolean => this.#roll.isLive(boot)

  /** Bit mask of the variants that devices connected to other members speak, or have spoken; one that is new there is known after a beat or two. */
  readonly variantsElsewhere = (): number => {
    let mask = 0
    for (const { document } of this.#roll.others) if (document.heir === null) mask |= document.variants
    return mask
  }

  /** The other members that live. */
  get others(): readonly string[] {
    return this.#roll.others.filter(({ document }) => document.heir === null).map(({ boot }) => boot)
  }

  /** Joins, and looks who else is there. @throws StoreOutage */
  async join(): Promise<void> {
    if (this.#world.names !== null) await this.#enter()
    await this.#inTurn(() => this.#look(0))
  }

  /** Goes on by itself from now on. */
  start(): void {
    const { beatMs, onFault } = this.#world
    this.#passes = repeat(beatMs, async () => {
      await this.pass().then(
        () => {
          this.#isFailing = false
        },
        (fault: unknown) => {
          // A store that is away is told of once, not at every beat.
          if (!this.#isFailing) onFault(fault)
          this.#isFailing = true
        },
      )
      return beatMs
    })
  }

  /** One beat: renews its own, looks at the others, and sees to the dead. @throws StoreOutage */
  pass(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#world.names !== null) await this.#beat()
      const begun = this.#world.elapsed()
      await this.#look(Math.min(begun - this.#lastPass, this.#world.beatMs))
      this.#lastPass = begun
      if (this.#own !== undefined) await this.#seeToTheDead(this.#own)
    })
  }

  /** Resolves when no takeover is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#takeovers.values())
  }

  /**
   * Beats no more. The document stays: when the lease has passed, another member sees to what has been left, which the devices that have
   * connected elsewhere by then are no part of.
   */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#passes?.stop()
    await this.#running
    await this.idle()
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#running.then(() => (this.#isStopped ? undefined : run()))
    this.#running = turn.catch(() => undefined) // whoever asked for it is told
    return turn
  }

  #lookSoon(): void {
    if (this.#passes === undefined || this.#isLookScheduled || this.#isStopped) return
    this.#isLookScheduled = true
    setImmediate(() => {
      this.#isLookScheduled = false
      this.#inTurn(() => this.#look(0)).catch(() => undefined) // the next beat tells of it
    })
  }

  /** Takes up the membership that a worker before this one has kept alive, or begins one. */
  async #enter(): Promise<void> {
    const { store, boot } = this.#world
    const bytes = await store.get(clusterMembers.key('all', boot))
    const document = bytes && clusterMembers.decode(bytes)
    if (bytes !== undefined && document?.heir === null) this.#own = { boot, bytes, document, silentMs: 0 }
    else await this.#register({ key: clusterMembers.key('all', boot), was: bytes })
  }

  async #register(was: Check): Promise<boolean> {
    const { names, now } = this.#world
    if (names === null) return false
    const joined = Math.max(now(), (this.#own?.document.joined ?? 0) + 1)
    const isWritten = await this.#write(was, { ...names, beat: 1, joined, variants: this.#spoken(), heir: null })
    if (isWritten) this.#world.onNews({ kind: 'joined', boot: this.#world.boot })
    return isWritten
  }

  async #write(was: Check, document: ClusterMemberDocument): Promise<boolean> {
    const { store, boot } = this.#world
    const bytes = clusterMembers.encode(document)
    const result = await store.commit({ checks: [was], puts: [{ key: was.key, value: bytes }] })
    if (result.kind !== 'committed') return false
    this.#own = { boot, bytes, document, silentMs: 0 }
    return true
  }

  async #beat(): Promise<void> {
    const { store, boot } = this.#world
    if (this.#own === undefined) return this.#enter()
    const key = clusterMembers.key('all', boot)
    const { bytes, document } = this.#own
    if (await this.#write({ key, was: bytes }, { ...document, beat: document.beat + 1, variants: this.#spoken() })) return
    const found = await store.get(key)
    const now = found && clusterMembers.decode(found)
    // Nobody else writes it but an heir: a store that was away may have kept a beat, or lost one, without saying so.
    if (found !== undefined && now?.heir === null) this.#own = { boot, bytes: found, document: now, silentMs: 0 }
    else if (await this.#register({ key, was: found })) this.#isLost()
  }

  #spoken(): number {
    return (this.#variants |= this.#world.variants())
  }

  #isLost(): void {
    this.#world.onNews({ kind: 'taken for dead', boot: this.#world.boot })
    this.#world.onLost()
  }

  /** @param passedMs how long those of whom nothing new is seen may be said to have been silent */
  async #look(passedMs: number): Promise<void> {
    const { store, boot, names } = this.#world
    const number = this.#roll.begin()
    const rows = await store.scan(clusterMembers.prefix('all'), { limit: maxMembers })
    const members = rows.map(({ key, value }) => ({
      boot: clusterMembers.partsOf(key)[1],
      bytes: value,
      document: clusterMembers.decode(value),
    }))
    this.#roll.take(number, members, passedMs)
    if (names === null) this.#watchOwn(this.#roll.get(boot))
  }

  /** The worker that keeps the process alive learns by itself that it was taken for dead; the others see that it has joined anew. */
  #watchOwn(found: KnownMember | undefined): void {
    const before = this.#own
    if (found?.document.heir !== null) return
    this.#own = found
    if (before !== undefined && before.document.joined !== found.document.joined) this.#world.onLost()
  }

  async #seeToTheDead(own: KnownMember): Promise<void> {
    const { names, leaseMs, boot } = this.#world
    if (names === null) return
    for (const member of this.#roll.others) {
      const { heir } = member.document
      if (heir === null ? member.silentMs >= leaseMs : heir !== boot && !this.#isStanding(heir)) await this.#inherit(own, member)
    }
    for (const { boot: dead, document } of this.#roll.others) if (document.heir === boot) this.#takeOver(dead)
  }

  /** Unlike `isLive`, only of those that are there. */
  #isStanding(boot: string): boolean {
    return this.#roll.get(boot)?.document.heir === null
  }

  /** Finds a member dead, unless somebody else has, or it lives, or this process is dead itself. */
  async #inherit(own: KnownMember, { boot, bytes, document }: KnownMember): Promise<void> {
    const { store, onNews } = this.#world
    const key = clusterMembers.key('all', boot)
    const inherited = { ...document, heir: own.boot }
    const value = clusterMembers.encode(inherited)
    const checks = [
      { key, was: bytes },
      { key: clusterMembers.key('all', own.boot), was: own.bytes },
    ]
    const result = await store.commit({ checks, puts: [{ key, value }] })
    if (result.kind !== 'committed') return
    this.#roll.set({ boot, bytes: value, document: inherited })
    onNews({ kind: 'found dead', boot })
  }

  /** What is not done in one go, the next beat goes on with. */
  #takeOver(dead: string): void {
    if (this.#takeovers.has(dead)) return
    const { takeOver, onFault } = this.#world
    const run = takeOver(dead, () => this.#isStopped)
      .then((isDone) => (isDone ? this.#end(dead) : undefined))
      .catch(onFault)
      .finally(() => this.#takeovers.delete(dead))
    this.#takeovers.set(dead, run)
  }

  async #end(dead: string): Promise<void> {
    const { store, boot, onNews } = this.#world
    const key = clusterMembers.key('all', dead)
    const bytes = await store.get(key)
    if (bytes === undefined || clusterMembers.decode(bytes).heir !== boot) return
    const result = await store.commit({ checks: [{ key, was: bytes }], puts: [{ key, value: undefined }] })
    if (result.kind === 'committed') onNews({ kind: 'taken over', boot: dead })
  }
}
