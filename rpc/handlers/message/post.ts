import { mayPost } from '../../../acl/index.js'
import { type Message, record } from '../../../protocol/index.js'
import { parsePhoneId, parseRoomId, type PhoneId } from '../../../topics/index.js'
import { cursors, feedLevel, type MessageDocument, messages, msgIdLevel, sentIds } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse, type Refused, type Send } from '../../outcome.js'
import { type Caller, handler, ownRosters, type Request } from '../../request.js'
import { isCleared } from '../../views/clearance.js'
import {
  chatFeed,
  type Feed,
  feedNamed,
  feedOfKey,
  messageRecord,
  type PlacedMessage,
  readMessage,
  roomFeed,
} from '../../views/message-view.js'
import { chosenTypes, contentFault, linkedId } from './content.js'
import { type FeedAccess, mayRead, phonesFor, readFeedAccess, readParties, readServiceAccess } from './feed-access.js'

/** A message to be posted, as far as the request itself tells. */
interface Post {
  readonly from: PhoneId
  readonly feed: Feed
  /** The other phone_id or the room id. */
  readonly to: string
  readonly link: number | null
}

/** What posting rests on. */
export interface PostFacts {
  readonly kind: 'post'
  readonly post: Post
  /** The message stored under the same author and msg_id. */
  readonly repeated: PlacedMessage | undefined
  readonly access: FeedAccess
  /** The original can be read by the author; true where there is none. */
  readonly isLinkReadable: boolean
}

/** A client's clock may be ahead of ours by this much. @see docs/protocol/rpc.md 10, Message/client */
const maxAheadMs = 60_000

/**
 * Posts a message to a chat or a room: Message/client, and a Message published directly on `p2p/` or `room/`.
 * @refuses `invalid_data` for broken limits, for from, to and feed that disagree, for an original the author cannot read, and for type sched,
 *   which is for Message/client where there is a scheduler; `not_authorized` if from is not own or may not post; `room_not_found`
 * @see docs/protocol/rpc.md 10, Message/client
 */
export const postMessage = handler<Message, PostFacts | Refused>({
  read: (request, facts) => readPost(request, facts, contentFault(request.record)),
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decidePost(request, facts)),
})

/** Reads what posting rests on. @param fault what is wrong with the content, if anything: tried first */
export async function readPost(request: Request<Message>, facts: FactReader, fault: string | undefined): Promise<PostFacts | Refused> {
  const post = parsePost(request, fault)
  return 'kind' in post ? post : readPostFacts(request, post, facts)
}

function parsePost({ record: message, caller }: Request<Message>, fault: string | undefined): Post | Refused {
  if (fault !== undefined) return refuse('invalid_data', fault)
  const from = parsePhoneId(message.from ?? '')
  if (from === undefined) return refuse('invalid_data', 'from is not a phone_id')
  if (caller.client.kind !== 'service' && !ownRosters(caller).includes(from)) return refuse('not_authorized', 'from is not own')
  const place = placeOf(message, from)
  if (place === undefined) return refuse('invalid_data', 'from, to and feed do not agree')
  return { from, ...place, link: linkedId(message.link) }
}

/** Where a message belongs: by its feed, or by its receiver; both must agree where both are given. */
function placeOf({ feed_id, to }: Message, from: PhoneId): Pick<Post, 'feed' | 'to'> | undefined {
  const feed = feed_id === null ? feedTo(to ?? '', from) : feedOfKey(feed_id)
  const receiver = feed && receiverIn(feed, from)
  if (feed === undefined || receiver === undefined || (to !== null && to !== receiver)) return undefined
  return { feed, to: receiver }
}

function feedTo(to: string, from: PhoneId): Feed | undefined {
  const other = parsePhoneId(to)
  if (other !== undefined) return chatFeed(from, other)
  const room = parseRoomId(to)
  return room && roomFeed(room)
}

function receiverIn(feed: Feed, from: PhoneId): string | undefined {
  if (feed.kind === 'room') return feed.room
  if (feed.left === from) return feed.right
  return feed.right === from ? feed.left : undefined
}

async function readPostFacts({ record: message, caller }: Request<Message>, post: Post, facts: FactReader): Promise<PostFacts> {
  const { from, feed, link } = post
  const [access, repeated, isLinkReadable] = await Promise.all([
    caller.client.kind === 'service' ? readServiceAccess(facts, feed, from) : readFeedAccess(facts, feed, from),
    message.msg_id === null ? undefined : readRepeated(facts, from, message.msg_id),
    link === null || readLinkRight(facts, from, link),
  ])
  return { kind: 'post', post, repeated, access, isLinkReadable }
}

async function readRepeated(facts: FactReader, from: PhoneId, msgId: string): Promise<PlacedMessage | undefined> {
  const id = await facts.getRare(sentIds, from, msgIdLevel(msgId))
  return id === undefined ? undefined : readMessage(facts, id)
}

async function readLinkRight(facts: FactReader, from: PhoneId, link: number): Promise<boolean> {
  const original = await facts.get(messages, ...messages.of(link))
  if (original === undefined || original.status === 'deleted') return false
  const feed = feedNamed(original.feed)
  return mayRead(await readParties(facts, feed), original, from) && !(await isCleared(facts, feed, from, link))
}

/** The pure half of {@link postMessage}. */
export function decidePost(request: Request<Message>, facts: PostFacts): Outcome {
  const { record: message } = request
  const { post, repeated, access } = facts
  if (repeated !== undefined) return answerRepeated(request, repeated)
  const refused = postRefusal(request, facts)
  if (refused !== undefined) return refused
  const document = documentOf(request, facts)
  const read = { key: cursors.key(post.from, feedLevel(post.feed.name)), append: 0 }
  return accept({
    appends: [{ message: document, isCountable: true }],
    numbers: [
      ...(authorReads(request) ? [read] : []),
      ...(message.msg_id === null ? [] : [{ key: sentIds.key(post.from, msgIdLevel(message.msg_id)), append: 0 }]),
    ],
    sends: [
      {
        to: 'phones',
        topic: post.feed.name,
        phones: phonesFor(access.parties, document),
        payload: { kind: 'message', append: 0 },
        notice: { kind: 'message', from: post.from, feed: post.feed.name },
      },
      ...acknowledge(message.msg_id, request.caller),
    ],
  })
}

/** Who writes at a device has read what was there; a service, or a message whose time has come, reads for nobody. @see docs/protocol/rpc.md 10 */
export function authorReads({ caller, isUnattended }: Pick<Request, 'caller' | 'isUnattended'>): boolean {
  return caller.client.kind === 'device' && isUnattended !== true
}

/** What was stored before, to the caller alone. A message whose files are on their way is not posted yet, and not acknowledged. */
export function answerRepeated(request: Request<Message>, { place, document }: PlacedMessage): Outcome {
  const acknowledgement = document.status === 'link' ? [] : acknowledge(request.record.msg_id, request.caller)
  return accept({ sends: [answer(messageRecord(place, document)), ...acknowledgement] })
}

/** Why a well-formed message may not be posted, or undefined. */
export function postRefusal({ record: message }: Request<Message>, facts: PostFacts): Refused | undefined {
  const verdict = mayPost(facts.access.standing)
  if (!verdict.allowed) return refuse(verdict.error, verdict.because)
  if (message.type.includes('sched')) return refuse('invalid_data', 'nothing is scheduled here, or there is no scheduler')
  if (message.type.some((type) => type === 'reply' || type === 'forward') && facts.post.link === null) {
    return refuse('invalid_data', 'a reply or forward names its original')
  }
  return facts.isLinkReadable ? undefined : refuse('invalid_data', 'the author cannot read the original', 'original')
}

/** The message as it is stored when it is posted. */
export function documentOf({ record: message, now }: Request<Message>, { post, access }: PostFacts): MessageDocument {
  const excluded = post.feed.kind === 'room' && typeof message.seenby === 'object' ? message.seenby : []
  return {
    feed: post.feed.name,
    msgId: message.msg_id,
    from: post.from,
    to: post.to,
    created: createdAt(message.created, now),
    files: message.files,
    type: chosenTypes(message.type),
    link: post.link,
    seenby: excluded,
    repliedby: [],
    mentioned: message.mentioned,
    status: 'sent',
    isEdited: false,
    hiddenFrom: hiddenFrom(excluded, post.from, access),
  }
}

function createdAt(claimed: number | null, now: number): number {
  return claimed !== null && claimed > 0 && claimed <= now + maxAheadMs ? claimed : now
}

/** Rosters of the member ids (or phone_ids) that must not see the message; the author is none of them. */
function hiddenFrom(excluded: readonly (string | number)[], author: PhoneId, { parties }: FeedAccess): readonly PhoneId[] {
  if (excluded.length === 0) return []
  const ids = new Set(excluded)
  return parties.list
    .filter(({ phoneId, memberId }) => phoneId !== author && (ids.has(memberId) || ids.has(phoneId)))
    .map(({ phoneId }) => phoneId)
}

/** v11 callers are told by msg_id that their message is stored. */
export function acknowledge(msgId: string | null, { dialect, isToldVerdicts = false }: Caller): readonly Send[] {
  return dialect === 'v11' && !isToldVerdicts ? [answer(record('Ack', { table: 'Message', id: msgId }))] : []
}
