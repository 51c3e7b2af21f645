/** Requests on scheduled messages, of v11. @see docs/protocol/rpc.md 17, Job */
import { completeJob, deleteJob, restartJob, stopJob, updateJob } from './change.js'
import { scheduleJob } from './schedule.js'

export const jobHandlers = [
  { tag: 'Job', request: 'init', handler: scheduleJob },
  { tag: 'Job', request: 'update', handler: updateJob },
  { tag: 'Job', request: 'stop', handler: stopJob },
  { tag: 'Job', request: 'restart', handler: restartJob },
  { tag: 'Job', request: 'complete', handler: completeJob },
  { tag: 'Job', request: 'delete', handler: deleteJob },
] as const
