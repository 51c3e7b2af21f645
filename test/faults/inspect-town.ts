import { encode, record } from '../../protocol/index.js'
import { bert, eventsTopic } from '../wire/requests.js'
import type { Finding, Ledger } from './ledger.js'
import { type Citizen, readHistory, type Town } from './town.js'

/**
 * Once everything has come: what came too often or too early, and what every history has too often, not at all or out of order in the eyes
 * of each of its first two members.
 */
export async function inspectTown(town: Town, ledger: Ledger): Promise<readonly Finding[]> {
  await Promise.all(town.citizens.map(drainAnswers))
  return [...ledger.contradictions(), ...(await wrongHistories(town, ledger))]
}

/** Whatever was on its way to the device when this was asked has come when it is answered. */
async function drainAnswers({ device, answers }: Citizen): Promise<void> {
  await device.publish(eventsTopic, encode(record('init', { token: '' }), bert), 1)
  await answers.take('the answer to INIT', (one) => one.tag === 'io' && isToken(one.data))
}

function isToken(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'tag' in data && data.tag === 'Token'
}

async function wrongHistories({ citizens, chats, room }: Town, ledger: Ledger): Promise<Finding[]> {
  const wrong: Finding[] = []
  for (const feed of [...chats, room]) {
    for (const place of feed.members.slice(0, 2)) {
      const citizen = citizens[place]
      if (citizen !== undefined) wrong.push(...ledger.checkHistory(feed.name, await readHistory(citizen, feed)))
    }
  }
  return wrong
}
