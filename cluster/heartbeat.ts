import type { Redis } from 'ioredis'

/** Without an answer for so long, the link counts as lost though nobody has said so. */
export const silentMs = 5_000

/** Asks a connection that stands for a sign of life again and again, until it has ended; one that gives none in time is opened anew. */
export function beat(redis: Redis): void {
  const timer = setInterval(() => {
    if (redis.status === 'ready') void reopenIfSilent(redis)
  }, silentMs).unref()
  redis.once('end', () => {
    clearInterval(timer)
  })
}

/** What goes wrong otherwise, the connection tells of by itself. */
async function reopenIfSilent(redis: Redis): Promise<void> {
  const silence = new Promise<'silent'>((resolve) => setTimeout(resolve, silentMs, 'silent').unref())
  const answer = await Promise.race([redis.ping(), silence]).catch(() => undefined)
  if (answer === 'silent') redis.disconnect(true)
}
