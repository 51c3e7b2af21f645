import type { Message } from '../../../protocol/index.js'
import type { Refused } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { scheduleMessage, type ScheduleFacts } from '../job/schedule.js'
import { type PostFacts, postMessage } from './post.js'

/** Message/client: posts a message, or schedules it where its type says so and there is a scheduler. @see docs/protocol/rpc.md 10 */
export const clientMessage = handler<Message, PostFacts | ScheduleFacts | Refused>({
  read: (request, facts) => (isScheduled(request) ? scheduleMessage.read(request, facts) : postMessage.read(request, facts)),
  decide(request, facts) {
    if (facts.kind === 'refused') return facts
    return facts.kind === 'schedule' ? scheduleMessage.decide(request, facts) : postMessage.decide(request, facts)
  },
})

function isScheduled({ record: { type }, context }: Request<Message>): boolean {
  return context.hasScheduler && type.includes('sched')
}
