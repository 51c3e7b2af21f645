import type { Desc, Message } from '../../../protocol/index.js'
import { dueLevel, msgIdLevel, sentIds, uploadBatch, uploadId, uploadOwners, uploads } from '../../documents/index.js'
import { accept, type Outcome, type Refused } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { uploadFault } from './content.js'
import { phonesFor } from './feed-access.js'
import { answerRepeated, documentOf, type PostFacts, postRefusal, readPost } from './post.js'

/** What announcing a message rests on. */
export interface UploadFacts {
  readonly kind: 'upload'
  readonly post: PostFacts
  /** A new batch of FTP ids. */
  readonly batch: string
}

/** A message whose files are not there within this time is erased. @see docs/protocol/rpc.md 10, Message/upload */
export const uploadLifeMs = 24 * 60 * 60_000

const batchBytes = 16

/**
 * Announces a message whose files are still to come: it gets its id and its place in the feed, each file the FTP id to upload under, and the
 * feed a Message with status link. In the history it is the author's alone until it is complete.
 * @refuses as Message/client, save that payloads may be empty
 * @see docs/protocol/rpc.md 10, Message/upload; docs/decisions/0124-uploads-are-messages-from-the-start.md
 */
export const uploadMessage = handler<Message, UploadFacts | Refused>({
  async read(request, facts) {
    const post = await readPost(request, facts, uploadFault(request.record))
    return post.kind === 'refused' ? post : { kind: 'upload', post, batch: uploadBatch(request.context.random(batchBytes)) }
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideUpload(request, facts)),
})

/** The pure half of {@link uploadMessage}. */
export function decideUpload(request: Request<Message>, { post: facts, batch }: UploadFacts): Outcome {
  const { record: message, now } = request
  const { post, repeated, access } = facts
  if (repeated !== undefined) return answerRepeated(request, repeated)
  const refused = postRefusal(request, facts)
  if (refused !== undefined) return refused
  const document = { ...documentOf(request, facts), files: withUploadIds(message.files, batch), status: 'link' } as const
  const until = now + uploadLifeMs
  const due = { key: uploads.key(dueLevel(until), batch), append: 0 }
  return accept({
    puts: [uploadOwners.put({ owner: post.from, until }, batch)],
    appends: [{ message: document, isCountable: true }],
    numbers: message.msg_id === null ? [due] : [due, { key: sentIds.key(post.from, msgIdLevel(message.msg_id)), append: 0 }],
    sends: [{ to: 'phones', topic: post.feed.name, phones: phonesFor(access.parties, document), payload: { kind: 'message', append: 0 } }],
  })
}

/** Every file with the id it is uploaded under; who named another file of the message by its id names it by its new one. */
function withUploadIds(files: readonly Desc[], batch: string): readonly Desc[] {
  const known = new Map(files.map(({ id }, index) => [id, uploadId(batch, index)]))
  return files.map((desc, index) => ({
    ...desc,
    id: uploadId(batch, index),
    parentid: desc.parentid === null ? null : (known.get(desc.parentid) ?? desc.parentid),
  }))
}
