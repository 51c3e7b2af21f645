import { expect } from '@jest/globals'
import { inspectTown } from './inspect-town.js'
import type { Ledger } from './ledger.js'
import type { Town } from './town.js'

/**
 * Once everything has come: nothing came too often or too early, every history holds what was acknowledged, once and in order, in the eyes of
 * each of its first two members, and no session was lost. Prints the counts.
 */
export async function checkTown(title: string, town: Town, ledger: Ledger): Promise<void> {
  expect(await inspectTown(town, ledger)).toEqual([])
  expect(town.citizens.map(({ device }) => device.counts.sessionsLost).filter((count) => count > 0)).toEqual([])
  const { sent, acknowledged, delivered, repeated } = ledger.counts
  const sum = (name: 'connects' | 'repeatsSent' | 'repeatsKnown'): string =>
    String(town.citizens.reduce((all, { device }) => all + device.counts[name], 0))
  process.stdout.write(
    `${title}: sent ${String(sent)}, acknowledged ${String(acknowledged)}, delivered ${String(delivered)}, repeated at QoS 1 ${String(repeated)}; ` +
      `${sum('connects')} connects, ${sum('repeatsSent')} packets sent again by devices, ${sum('repeatsKnown')} QoS 2 deliveries repeated and known\n`,
  )
}
