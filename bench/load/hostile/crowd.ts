import { attacks } from './attacks.js'
import { type Attack, type HostileWorld, needsAcquaintance } from './attack.js'

/** Hostile clients, who act in turn. */
export interface HostileCrowd {
  /** The next client does one step. */
  turn(): void
  /** How often clients of each attack did something since this was asked last. */
  steps(): ReadonlyMap<string, number>
  end(): void
}

/** @param chosen attacks; clients are dealt out to them in turn */
export function newHostileCrowd(world: HostileWorld, chosen: readonly Attack[] = attacks): HostileCrowd {
  const clients = world.accounts.map((account, index) => {
    const attack = attackOf(index, chosen)
    const victim = victimOf(index, needsAcquaintance(attack) ? world.acquainted : world.victims)
    return { attack, attacking: attack.begin({ index, account, victim, from: addressOf(index), world }) }
  })
  let next = 0
  let steps = newCounts(chosen)
  return {
    turn() {
      const { attack, attacking } = nth(clients, next++)
      if (attacking.turn()) steps.set(attack.name, (steps.get(attack.name) ?? 0) + 1)
    },
    steps() {
      const counted = steps
      steps = newCounts(chosen)
      return counted
    },
    end() {
      for (const { attacking } of clients) attacking.end()
    },
  }
}

const newCounts = (chosen: readonly Attack[]): Map<string, number> => new Map(chosen.map(({ name }) => [name, 0]))

/** What the client of that index does. */
export function attackOf(index: number, chosen: readonly Attack[]): Attack {
  return nth(chosen, index)
}

/** Whom the client of that index is after. */
export function victimOf<T>(index: number, victims: readonly T[]): T {
  return nth(victims, index)
}

const clientsOfAddress = 20

/** The address of this machine that the client of that index comes from. */
function addressOf(index: number): string {
  return `127.0.1.${1 + (Math.floor(index / clientsOfAddress) % 250)}`
}

function nth<T>(all: readonly T[], index: number): T {
  const found = all[index % all.length]
  if (found === undefined) throw new RangeError('none to choose from')
  return found
}
