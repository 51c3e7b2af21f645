import { openPlainRedis, openRedisBusReceiver } from '../cluster/index.js'
import type { Delivery } from '../delivery/index.js'
import type { Log } from './log.js'
import { redisPlace } from './open-store.js'
import type { Options } from './options-table.js'

/** In a cluster, what plain MQTT use shares with the other processes. */
export async function openPlain(options: Options, boot: string, log: Log): Promise<Awaited<ReturnType<typeof openPlainRedis>> | undefined> {
  const place = redisPlace(options)
  if (place === null) return undefined
  return openPlainRedis({ ...place, boot, onError: (err) => log.debug({ err }, 'a connection of plain MQTT use') })
}

/** In a cluster, what the other processes send for the devices of this one. */
export async function listenToCluster(
  options: Options,
  { boot, delivery, log }: { readonly boot: string; readonly delivery: Delivery; readonly log: Log },
): Promise<{ close(): void } | undefined> {
  const place = redisPlace(options)
  if (place === null) return undefined
  return openRedisBusReceiver({
    ...place,
    member: boot,
    onMessages: delivery.onFrame,
    onGap: (because) => {
      log.info({ event: 'inboxes-looked-at', because }, 'news from other nodes may have been missed: all inboxes are looked at')
      delivery.lookAgain()
    },
    onError: (err) => log.debug({ err }, 'the connection on which other nodes are heard'),
  })
}
