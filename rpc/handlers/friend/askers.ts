import { type Asker, askerLists, contacts } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { PhoneId } from '../../../topics/index.js'
import { openState } from './contact-state.js'

/** After so long a request of the same person is announced by a push notification again. */
const restMs = 24 * 60 * 60_000

/** Those who have asked `owner`; where there are as many as may wait, only those whose request still does. Checked at commit. */
export async function readAskers(facts: FactReader, owner: PhoneId, limit: number): Promise<readonly Asker[]> {
  const list = (await facts.get(askerLists, owner, 'list')) ?? []
  if (list.length < limit) return list
  const states = await Promise.all(list.map(async ({ from }) => openState(await facts.get(contacts, owner, from))))
  return list.filter((_, i) => states[i] === 'authorization')
}

/** The list after one more request, and whose request gives way to it: the oldest, of strangers first. */
export function withAsker(
  list: readonly Asker[],
  asker: Asker,
  limit: number,
): { readonly list: readonly Asker[]; readonly givesWay: PhoneId | undefined } {
  const others = list.filter(({ from }) => from !== asker.from)
  if (others.length < limit) return { list: [...others, asker], givesWay: undefined }
  const gone = others.find(({ isKnown }) => !isKnown) ?? others[0]
  return { list: [...others.filter((one) => one !== gone), asker], givesWay: gone?.from }
}

/** Whether the same person has asked within a day: nobody is rung up for it again. */
export function hasAskedLately(list: readonly Asker[], from: PhoneId, now: number): boolean {
  return list.some((one) => one.from === from && Math.abs(now - one.at) < restMs)
}
