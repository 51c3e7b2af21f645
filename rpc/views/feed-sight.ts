import type { FeedSight, WaitingMessage } from '../../acl/index.js'
import type { PhoneId } from '../../topics/index.js'
import { members, type MessageDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { readClearance } from './clearance.js'
import type { Feed } from './message-view.js'

/** How the rosters of one person stand to a feed now. */
export interface PersonalSight extends FeedSight {
  /** Those that belong to it; where none does, all that the person has. */
  readonly rosters: readonly PhoneId[]
  /** Nothing up to this message is there for any of them. */
  readonly clearedTo: number
}

/** Reads how a person stands to a feed. Nothing of it is checked: it is asked when something is delivered. */
export async function readSight(facts: FactReader, feed: Feed, own: readonly PhoneId[]): Promise<PersonalSight> {
  if (feed.kind === 'room') {
    const memberships = await Promise.all(own.map((roster) => facts.peek(members, feed.room, roster)))
    const parties = own.filter((_, i) => memberships[i] !== undefined)
    const clearedTo = own[0] === undefined ? 0 : await readClearance(facts, feed, own[0])
    return sightOf(parties, own, clearedTo)
  }
  const parties = own.filter((roster) => roster === feed.left || roster === feed.right)
  const cleared = await Promise.all(parties.map((roster) => readClearance(facts, feed, roster)))
  return sightOf(parties, own, parties.length === 0 ? 0 : Math.min(...cleared))
}

function sightOf(parties: readonly PhoneId[], own: readonly PhoneId[], clearedTo: number): PersonalSight {
  return { belongs: parties.length > 0, rosters: parties.length > 0 ? parties : own, clearedTo }
}

/** A message of the feed as it waits for the person. */
export function waitingMessage(
  { rosters, clearedTo }: PersonalSight,
  { id, kind, document }: { readonly id: number; readonly kind: WaitingMessage['kind']; readonly document: MessageDocument },
): WaitingMessage {
  return {
    kind,
    isCleared: id <= clearedTo,
    isHidden: rosters.length > 0 && rosters.every((roster) => document.hiddenFrom.includes(roster)),
    isErased: document.status === 'deleted',
    isChanged: document.isEdited || document.wasAnnounced === true,
  }
}
