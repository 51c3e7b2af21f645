import { decideParty, mayEdit, mayErase } from '../../../acl/index.js'
import { type Message, record } from '../../../protocol/index.js'
import { parsePhoneId, type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { type MessageDocument, messages } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, push, refuse, type Refused } from '../../outcome.js'
import { type Caller, handler, ownRosters, type Request } from '../../request.js'
import { isCleared } from '../../views/clearance.js'
import { feedKeyRecord, feedNamed, messageRecord, type PlacedMessage, readMessage } from '../../views/message-view.js'
import { chosenTypes, contentFault } from './content.js'
import { type FeedAccess, ownParty, type Parties, phonesFor, readFeedAccess, readParties, readServiceAccess } from './feed-access.js'
import { hideForOneself } from './hide.js'

/**
 * What a request with status edit or deleted asks for: new content, removal for all, or removal for oneself.
 * @see docs/protocol/rpc.md 10, Message/edit as removal
 */
export type Change = 'edit' | 'erase' | 'hide'

export interface ChangeFacts {
  readonly kind: 'change'
  readonly found: PlacedMessage
  /** The roster for which the caller acts, and how it stands to the feed; undefined if none of its own belongs to it. */
  readonly actor: { readonly phoneId: PhoneId; readonly access: FeedAccess } | undefined
}

/**
 * Edits a message, or removes it for all or for oneself.
 * @refuses `invalid_data` for broken limits or an erased message; `not_found`; `not_authorized` without the right
 */
export const changeMessage = handler<Message, ChangeFacts | Refused>({
  async read(request, facts) {
    const fault = changeFault(request.record)
    if (fault !== undefined) return refuse('invalid_data', fault)
    const found = request.record.id === null ? undefined : await readMessage(facts, request.record.id)
    if (found === undefined || (await isClearedForAll(facts, found))) return refuse('not_found', 'no such message')
    return { kind: 'change', found, actor: await readActor(request, found.document, facts) }
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideChange(request, facts)),
})

/** A message of a room that was cleared is there for nobody; one that somebody has cleared for himself is there for the other. */
async function isClearedForAll(facts: FactReader, { place, document }: PlacedMessage): Promise<boolean> {
  const feed = feedNamed(document.feed)
  return feed.kind === 'room' && (await isCleared(facts, feed, document.from, place.id))
}

export function changeOf(asked: Pick<Message, 'seenby' | 'files' | 'status'>): Change {
  const { seenby, status } = asked
  if (seenby === -1) return 'erase'
  if (typeof seenby === 'number' || seenby.length > 0) return 'hide'
  return status === 'deleted' || asked.files.length === 0 ? 'erase' : 'edit'
}

function changeFault(message: Message): string | undefined {
  const { seenby } = message
  if (typeof seenby === 'number' && seenby !== -1 && seenby !== 1 && seenby !== 2) return 'seenby is -1, 1 or 2'
  if (changeOf(message) !== 'edit') return undefined
  if (message.type.includes('sched')) return 'a message is not scheduled later'
  return contentFault({ files: message.files, msg_id: null })
}

async function readActor(
  { record, caller }: Request<Message>,
  document: MessageDocument,
  facts: FactReader,
): Promise<ChangeFacts['actor']> {
  const feed = feedNamed(document.feed)
  if (caller.client.kind === 'service') {
    const phoneId = parsePhoneId(record.from ?? '') ?? document.from
    return { phoneId, access: await readServiceAccess(facts, feed, phoneId) }
  }
  const phoneId = chooseActor(record, caller, document, await readParties(facts, feed))
  return phoneId && { phoneId, access: await readFeedAccess(facts, feed, phoneId) }
}

/** The caller acts for the own roster it names, else for the author if that is own, else for its first party of the feed. */
function chooseActor({ seenby, from }: Message, caller: Caller, document: MessageDocument, parties: Parties): PhoneId | undefined {
  const own = ownRosters(caller)
  const named = own.find((roster) => roster === from || (typeof seenby === 'object' && seenby.includes(roster)))
  if (named !== undefined && parties.byRoster.has(named)) return named
  return own.includes(document.from) ? document.from : ownParty(caller, parties)
}

/** The pure half of {@link changeMessage}. */
export function decideChange(request: Request<Message>, { found, actor }: ChangeFacts): Outcome {
  if (actor === undefined) return refuse('not_authorized', 'not a party of the feed')
  const { document } = found
  // A system message has nobody as its author: nobody edits it, and only those who keep a room in order erase it.
  const isAuthor = isOwnMessage(request.caller, document) && document.status !== 'internal' && document.status !== 'muc'
  const { standing } = actor.access
  switch (changeOf(request.record)) {
    case 'edit': {
      // Of a message whose files are on their way there is no content yet.
      const isErased = document.status === 'deleted' || document.status === 'link'
      const verdict = mayEdit({ isAuthor, isErased }, standing)
      if (verdict.allowed) return edit(request.record, found, actor.access)
      return refuse(verdict.error, verdict.because, verdict.error === 'invalid_data' ? 'erased' : undefined)
    }
    case 'erase': {
      const verdict = mayErase({ isAuthor }, standing)
      if (!verdict.allowed) return refuse(verdict.error, verdict.because)
      return document.status === 'deleted' ? refuse('invalid_data', 'erased already', 'erased') : erase(found, actor)
    }
    case 'hide':
      return hideForOneself(request.record, found, actor)
  }
}

function isOwnMessage(caller: Caller, document: MessageDocument): boolean {
  return caller.client.kind === 'service' || ownRosters(caller).includes(document.from)
}

function edit(message: Message, { place, document }: PlacedMessage, { parties }: FeedAccess): Outcome {
  const type = chosenTypes(message.type)
  const edited = { ...document, files: message.files, type: type.length === 0 ? document.type : type, isEdited: true }
  return accept({
    puts: [messages.put(edited, ...messages.of(place.id))],
    sends: [push(document.feed, phonesFor(parties, document), { ...messageRecord(place, edited), status: 'edit' })],
  })
}

/**
 * The tombstone stays in the history; an upload that is not complete ends with it. Who does not belong to the feed any more can take his words
 * back, and say nothing more by it than that: the push names the message and no more of it.
 */
function erase({ place, document }: PlacedMessage, { phoneId, access }: NonNullable<ChangeFacts['actor']>): Outcome {
  const erased = erasedMessage(document)
  const puts = [messages.put(erased, ...messages.of(place.id))]
  const phones = phonesFor(access.parties, document)
  if (decideParty(access.standing).allowed) return accept({ puts, sends: [push(document.feed, phones, messageRecord(place, erased))] })
  const withdrawn = record('Message', {
    ...{ id: place.id, feed_id: feedKeyRecord(document.feed), from: document.from, to: document.to, status: 'deleted' },
  })
  const own = phoneOf(phoneId)
  // A room is not his topic any more, but his other devices have the message, too.
  const sends = phones.includes(own) ? [] : [push(sesTopic(own), [own], withdrawn)]
  return accept({ puts, sends: [push(document.feed, phones, withdrawn), ...sends] })
}

/** What stays of a message whose content is erased. */
export function erasedMessage(document: MessageDocument): MessageDocument {
  return {
    ...document,
    files: [],
    type: [],
    link: null,
    mentioned: [],
    repliedby: [],
    status: 'deleted',
    isEdited: false,
  }
}
