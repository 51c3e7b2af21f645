import { attacks } from './attacks.js'
import type { HostileWorld } from './attack.js'
import { newHostileCrowd } from './crowd.js'
import { ProcessorShare } from './processor-share.js'

// Hostile clients as a process of their own, held to a share of a core. Told by messages what to do.

export type Order =
  | { readonly kind: 'begin'; readonly world: HostileWorld; readonly attacks: readonly string[]; readonly share: number }
  | { readonly kind: 'attack' }
  | { readonly kind: 'rest' }

/** Sent when an order has been carried out; `rest` tells how often clients of each attack did something. */
export interface Report {
  readonly steps: readonly (readonly [attack: string, count: number])[]
}

/** Between two looks at what was used. */
const stepsAtOnce = 4

let world: { readonly crowd: ReturnType<typeof newHostileCrowd>; readonly share: ProcessorShare } | undefined
let isAttacking = false

function go(): void {
  if (!isAttacking || world === undefined) return
  for (let step = 0; step < stepsAtOnce; step++) world.crowd.turn()
  world.share.hold()
  setImmediate(go)
}

process.on('message', (order: Order) => {
  const report: Report = { steps: [...carryOut(order)] }
  process.send?.(report)
})
process.on('disconnect', () => process.exit(0))

function carryOut(order: Order): ReadonlyMap<string, number> {
  switch (order.kind) {
    case 'begin': {
      const chosen = attacks.filter(({ name }) => order.attacks.includes(name))
      world = { crowd: newHostileCrowd(order.world, chosen), share: new ProcessorShare(order.share) }
      return new Map()
    }
    case 'attack':
      isAttacking = true
      world?.share.begin()
      go()
      return new Map()
    case 'rest':
      isAttacking = false
      return world?.crowd.steps() ?? new Map()
    default:
      throw new Error(`unknown order: ${JSON.stringify(order satisfies never)}`)
  }
}
