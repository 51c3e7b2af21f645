import { mayPost } from '../../acl/index.js'
import { record, type Typing } from '../../protocol/index.js'
import { parsePhoneId, parseRoomId, type PhoneId } from '../../topics/index.js'
import type { FactReader } from '../facts.js'
import { accept, drop, type Outcome } from '../outcome.js'
import { type Caller, handler, ownRosters, type Request } from '../request.js'
import { chatFeed, type Feed, roomFeed } from '../views/message-view.js'
import { type FeedAccess, readFeedAccess, readServiceAccess } from './message/feed-access.js'

/** Who types where; undefined where the destination or the author is none. */
export interface TypingFacts {
  readonly author: PhoneId
  readonly feed: Feed
  readonly access: FeedAccess
}

/**
 * Relays that somebody types, to those who are connected, the sending device among them. Nothing is stored or answered; without the right to
 * post nothing happens.
 * @see docs/protocol/rpc.md 10, Typing
 */
export const relayTyping = handler<Typing, TypingFacts | undefined>({
  async read({ record: { from, to }, caller }, facts) {
    for (const author of authors(from, caller)) {
      const found = await readTyping(facts, caller, author, to ?? '')
      if (found !== undefined) return found
    }
    return undefined
  },
  decide: decideTyping,
})

/** v1 names the author; where he is not named, the first own roster that belongs to the feed is he. */
function authors(from: string | null, caller: Caller): readonly PhoneId[] {
  const named = parsePhoneId(from ?? '')
  if (caller.client.kind === 'service') return named === undefined ? [] : [named]
  return ownRosters(caller).filter((roster) => from === null || roster === named)
}

async function readTyping(facts: FactReader, caller: Caller, author: PhoneId, to: string): Promise<TypingFacts | undefined> {
  const feed = feedTo(author, to)
  if (feed === undefined) return undefined
  if (caller.client.kind === 'service') return { author, feed, access: await readServiceAccess(facts, feed, author) }
  const access = await readFeedAccess(facts, feed, author)
  return mayPost(access.standing).allowed ? { author, feed, access } : undefined
}

function feedTo(author: PhoneId, to: string): Feed | undefined {
  const other = parsePhoneId(to)
  if (other !== undefined) return chatFeed(author, other)
  const room = parseRoomId(to)
  return room && roomFeed(room)
}

/** The pure half of {@link relayTyping}. */
export function decideTyping({ record: { to, comments } }: Request<Typing>, facts: TypingFacts | undefined): Outcome {
  if (facts === undefined) return drop('no right to type there')
  const { author, feed, access } = facts
  const verdict = mayPost(access.standing)
  if (!verdict.allowed) return drop(verdict.because)
  const typing = record('Typing', { from: author, to, comments })
  return accept({
    sends: [{ to: 'connected', topic: feed.name, phones: access.parties.phones, payload: { kind: 'record', record: typing } }],
  })
}

export const typingHandlers = [{ tag: 'Typing', request: '', handler: relayTyping }] as const
