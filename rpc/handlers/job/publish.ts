import type { ErrorCode, Message } from '../../../protocol/index.js'
import { accept, type Accepted, refuse, type Refused } from '../../outcome.js'
import { postMessage } from '../message/post.js'
import { joinOutcomes } from '../room/leave.js'
import type { JobPost } from './job-facts.js'

/** What becomes of the messages of a job when they are published. */
export interface Published {
  /** Everything that posting those that may be posted leads to; nothing of it is for a caller. */
  readonly outcome: Accepted
  /** Those that may not be posted now, in their order. */
  readonly refused: readonly Message[]
  /** Why the first of them may not. */
  readonly code: ErrorCode | null
}

/** Decides about each message as about Message/client. One that has been sent already (msg_id) is done. */
export function publish(posts: readonly JobPost[]): Published {
  let outcome = accept({})
  const refused: Message[] = []
  let code: ErrorCode | null = null
  for (const { request, facts } of posts) {
    const posted = postMessage.decide(request, facts)
    if (posted.kind === 'accepted') {
      outcome = joinOutcomes(outcome, { ...posted, sends: posted.sends.filter(({ to }) => to !== 'caller') })
    } else {
      refused.push(request.record)
      code ??= posted.kind === 'refused' ? posted.code : 'invalid_data'
    }
  }
  return { outcome, refused, code }
}

/** All of it or nothing. @refuses what the first of those that may not be posted is refused with */
export function publishAll(posts: readonly JobPost[]): Accepted | Refused {
  const { outcome, refused, code } = publish(posts)
  return refused.length === 0 ? outcome : refuse(code ?? 'invalid_data', 'a message may not be posted')
}
