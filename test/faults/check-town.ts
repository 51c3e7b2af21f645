import { expect } from '@jest/globals'
import { encode, record } from '../../src/protocol/index.js'
import { bert, eventsTopic } from '../wire/requests.js'
import type { Ledger } from './ledger.js'
import { type Citizen, readHistory, type Town } from './town.js'

/**
 * Once everything has come: nothing came too often or too early, every history holds what was acknowledged, once and in order, in the eyes of
 * each of its first two members, and no session was lost. Prints the counts.
 */
export async function checkTown(title: string, town: Town, ledger: Ledger): Promise<void> {
  await Promise.all(town.citizens.map(drainAnswers))
  expect(ledger.contradictions()).toEqual([])
  expect(await wrongHistories(town, ledger)).toEqual([])
  expect(town.citizens.map(({ device }) => device.counts.sessionsLost).filter((count) => count > 0)).toEqual([])
  const { sent, acknowledged, delivered, repeated } = ledger.counts
  const sum = (name: 'connects' | 'repeatsSent' | 'repeatsKnown'): string =>
    String(town.citizens.reduce((all, { device }) => all + device.counts[name], 0))
  process.stdout.write(
    `${title}: sent ${String(sent)}, acknowledged ${String(acknowledged)}, delivered ${String(delivered)}, repeated at QoS 1 ${String(repeated)}; ` +
      `${sum('connects')} connects, ${sum('repeatsSent')} packets sent again by devices, ${sum('repeatsKnown')} QoS 2 deliveries repeated and known\n`,
  )
}

/** Whatever was on its way to the device when this was asked has come when it is answered. */
async function drainAnswers({ device, answers }: Citizen): Promise<void> {
  await device.publish(eventsTopic, encode(record('init', { token: '' }), bert), 1)
  await answers.take('the answer to INIT', (one) => one.tag === 'io' && isToken(one.data))
}

function isToken(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'tag' in data && data.tag === 'Token'
}

async function wrongHistories({ citizens, chats, room }: Town, ledger: Ledger): Promise<string[]> {
  const wrong: string[] = []
  for (const feed of [...chats, room]) {
    for (const place of feed.members.slice(0, 2)) {
      const citizen = citizens[place]
      if (citizen !== undefined) wrong.push(...ledger.checkHistory(feed.name, await readHistory(citizen, feed)))
    }
  }
  return wrong
}
