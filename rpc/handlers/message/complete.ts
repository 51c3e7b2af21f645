import { mayPost } from '../../../acl/index.js'
import type { Message } from '../../../protocol/index.js'
import { cursors, feedLevel, type MessageDocument, messages } from '../../documents/index.js'
import { accept, type Outcome, push, refuse, type Refused } from '../../outcome.js'
import { handler, ownRosters, type Request } from '../../request.js'
import { feedNamed, messageRecord, type PlacedMessage, readMessage } from '../../views/message-view.js'
import { contentFault } from './content.js'
import { type FeedAccess, phonesFor, readFeedAccess, readServiceAccess } from './feed-access.js'
import { acknowledge, authorReads } from './post.js'

/** What completing rests on. */
export interface CompleteFacts {
  readonly kind: 'complete'
  readonly found: PlacedMessage
  /** How its author stands to the feed now. */
  readonly access: FeedAccess
  /** The author's cursor in the feed, 0 if there is none. */
  readonly reader: number
}

/**
 * Posts a message that Message/upload has announced, with the files as they are now.
 * @refuses `invalid_data` for broken limits; `not_found` if nothing of this id waits for its files; `not_authorized` if the caller is not its
 *   author, or may not post there any more
 * @see docs/protocol/rpc.md 10, Message/upload
 */
export const completeMessage = handler<Message, CompleteFacts | Refused>({
  async read({ record: message, caller }, facts) {
    const fault = contentFault({ files: message.files, msg_id: null })
    if (fault !== undefined) return refuse('invalid_data', fault)
    const found = message.id === null ? undefined : await readMessage(facts, message.id)
    if (found?.document.status !== 'link') return refuse('not_found', 'no message of this id waits for its files')
    const { from, feed } = found.document
    const readAccess = caller.client.kind === 'service' ? readServiceAccess : readFeedAccess
    const access = await readAccess(facts, feedNamed(feed), from)
    return { kind: 'complete', found, access, reader: (await facts.get(cursors, from, feedLevel(feed))) ?? 0 }
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideComplete(request, facts)),
})

/** The pure half of {@link completeMessage}. */
export function decideComplete(request: Request<Message>, { found, access, reader }: CompleteFacts): Outcome {
  const { record: message, caller } = request
  const { place, document } = found
  const isAuthor = caller.client.kind === 'service' || ownRosters(caller).includes(document.from)
  if (!isAuthor) return refuse('not_authorized', 'only the author completes a message')
  const verdict = mayPost(access.standing)
  if (!verdict.allowed) return refuse(verdict.error, verdict.because)
  const posted: MessageDocument = { ...document, files: message.files, status: 'sent', wasAnnounced: true }
  return accept({
    puts: [
      messages.put(posted, ...messages.of(place.id)),
      ...(authorReads(request) && place.id > reader ? [cursors.put(place.id, document.from, feedLevel(document.feed))] : []),
    ],
    sends: [
      push(document.feed, phonesFor(access.parties, posted), messageRecord(place, posted), {
        kind: 'message',
        from: document.from,
        feed: document.feed,
        message: place.id,
      }),
      ...acknowledge(document.msgId, caller),
    ],
  })
}
