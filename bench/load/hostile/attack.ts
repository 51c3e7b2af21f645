import type { Account } from '../device.js'

/** What hostile clients know of the server and of each other; plain data, to be handed to another process. */
export interface HostileWorld {
  readonly mqttPort: number
  readonly httpPort: number
  /** Of the clients, one each, in their order. */
  readonly accounts: readonly Account[]
  /** Those who are to be harmed. */
  readonly victims: readonly Victim[]
  /** Those of them with whom hostile clients are acquainted, where an attack needs that. */
  readonly acquainted: readonly Victim[]
  /** Where a large file can be fetched: `/files/…`. */
  readonly filePath: string
  /** Numbers that begin so get real codes. */
  readonly strangeNumbers: string
}

export type Victim = Pick<Account, 'clientId' | 'phone' | 'phoneId'>

/** One hostile client. */
export interface Attacker {
  readonly index: number
  readonly account: Account
  readonly victim: Victim
  /** Address of this machine it comes from; some twenty share each. */
  readonly from: string
  readonly world: HostileWorld
}

/** What an attacker does each time it is its turn. */
export interface Attacking {
  /** One step; does nothing while there is nothing it could do. @returns whether it did something */
  turn(): boolean
  /** Leaves. */
  end(): void
}

/** What is to stand before the attack begins. */
export type Preparation = 'nothing' | 'a long chat' | 'a friend' | 'a ban'

export interface Attack {
  readonly name: string
  /** What is done, and what for. */
  readonly about: string
  readonly needs: Preparation
  readonly begin: (attacker: Attacker) => Attacking
}

export function needsAcquaintance({ needs }: Attack): boolean {
  return needs === 'a friend' || needs === 'a ban'
}
