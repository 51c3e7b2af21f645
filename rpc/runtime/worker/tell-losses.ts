import { missedAnswer } from '../../../protocol/index.js'
import type { Fence, InboxHead, Store } from '../../../store/contract.js'
import type { Names } from '../../names/names.js'
import { shownTopic } from '../../names/rename-topic.js'
import { packBody } from './body.js'

/** The device that is to be told, and how its inbox was found. */
export interface MissingDevice {
  readonly client: string
  readonly actionsTopic: string
  readonly fence: Fence | undefined
  readonly head: InboxHead
}

/**
 * Puts what an inbox has lost behind what it has kept, as `{io,{ok2,missed,[{Feed,Since}]},<<>>}`: from then on it is an entry like any other,
 * owed until it is acknowledged. Should it be dropped itself, something of anything is missing.
 * @see docs/protocol/flows.md 6
 */
export async function tellLosses(
  { client, actionsTopic: topic, fence, head }: MissingDevice,
  { store, names }: { readonly store: Store; readonly names: Names },
): Promise<void> {
  const losses = await store.inboxLosses(client)
  if (losses.length === 0) return
  const missed = losses.map(({ of, since }) => ({ feed: shownTopic(of, names), since })).sort((one, other) => one.since - other.since)
  const body = packBody({ kind: 'record', record: missedAnswer(missed) })
  const loss = { of: '', since: Math.min(...losses.map(({ since }) => since)) }
  await store.commit({
    ...(fence === undefined ? {} : { fences: [fence] }),
    lossesTold: [{ client, dropped: head.dropped }],
    deliveries: [{ client, topic, qos: 1, body, loss, isExtra: true }],
  })
}
