import { mayPost } from '../../../acl/index.js'
import { phoneOf } from '../../../topics/index.js'
import { messages, uploadOwners, uploads } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome, push } from '../../outcome.js'
import { feedNamed, messageRecord, type PlacedMessage, readMessage } from '../../views/message-view.js'
import { erasedMessage } from './change.js'
import { type FeedAccess, phonesFor, readFeedAccess } from './feed-access.js'

/** An upload whose time is over: the row under which it waits. */
export interface UploadEnd {
  readonly due: string
  readonly batch: string
}

/** What the end of an upload rests on; undefined if another worker was first. */
export type UploadEndFacts = { readonly found: PlacedMessage | undefined; readonly access: FeedAccess | undefined } | undefined

/**
 * What happens 24 hours after Message/upload: a message that is still not complete is erased, and whoever could have seen it come is told.
 * Nobody uploads under its ids any more.
 * @see docs/protocol/rpc.md 10, Message/upload
 */
export const uploadExpiry = {
  async read({ due, batch }: UploadEnd, facts: FactReader): Promise<UploadEndFacts> {
    const id = await facts.get(uploads, due, batch)
    if (id === undefined) return undefined
    const found = await readMessage(facts, id)
    const isWaiting = found?.document.status === 'link'
    const access = isWaiting ? await readFeedAccess(facts, feedNamed(found.document.feed), found.document.from) : undefined
    return { found, access }
  },

  decide({ due, batch }: UploadEnd, facts: UploadEndFacts): Outcome {
    if (facts === undefined) return drop('it has ended already')
    const over = [uploads.remove(due, batch), uploadOwners.remove(batch)]
    const { found, access } = facts
    if (found === undefined || access === undefined) return accept({ puts: over })
    const { place, document } = found
    const erased = erasedMessage(document)
    // After a ban, or outside the room, the author is told alone.
    const phones = mayPost(access.standing).allowed ? phonesFor(access.parties, document) : [phoneOf(document.from)]
    return accept({
      puts: [...over, messages.put(erased, ...messages.of(place.id))],
      sends: [push(document.feed, phones, messageRecord(place, erased))],
    })
  },
}
