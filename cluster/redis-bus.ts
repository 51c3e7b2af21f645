import { bufferOf } from '../protocol/index.js'
import type { Bus } from '../rpc/index.js'
import { channelOf, channelOfAll } from './channels.js'
import { openConnection, type RedisPlace } from './connection.js'

export interface RedisBusOptions extends RedisPlace {
  readonly onError: (error: Error) => void
}

/** More than this waiting for a slow Redis is dropped: its receivers find it in the store. */
const maxUnsentBytes = 16 * 1024 * 1024

/** The bus over Redis' publish and subscribe. What cannot be sent at once is dropped. */
export function openRedisBus({ onError, ...place }: RedisBusOptions): Bus & { close(): void } {
  const redis = openConnection(place, onError)
  let unsent = 0

  function publish(channel: string, frame: Uint8Array): void {
    if (redis.status !== 'ready' || unsent + frame.byteLength > maxUnsentBytes) return
    unsent += frame.byteLength
    const sent = (): void => {
      unsent -= frame.byteLength
    }
    redis.publish(channel, bufferOf(frame)).then(sent, sent)
  }

  return {
    send(member, frame) {
      publish(channelOf(place.prefix, member), frame)
    },
    broadcast(frame) {
      publish(channelOfAll(place.prefix), frame)
    },
    close() {
      redis.disconnect()
    },
  }
}
