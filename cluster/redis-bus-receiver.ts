import { type FrameToMain, messagesIn, readBusFrame } from '../rpc/index.js'
import { channelOf, channelOfAll } from './channels.js'
import { openConnection, type RedisPlace } from './connection.js'

export interface RedisBusReceiverOptions extends RedisPlace {
  /** The name of this process. */
  readonly member: string
  readonly onMessages: (messages: Iterable<FrameToMain>) => void
  /** Something may have been missed: the inboxes have to be looked at. */
  readonly onGap: (because: string) => void
  readonly onError: (error: Error) => void
}

export interface RedisBusReceiver {
  close(): void
}

/** Channels whose numbers are remembered; the least lately heard are forgotten beyond this, and heard anew without a gap. */
const maxSenders = 4_096

/** Listens to what the other processes of the cluster send, and notices what has been missed. Resolves when it listens. */
export async function openRedisBusReceiver(options: RedisBusReceiverOptions): Promise<RedisBusReceiver> {
  const { prefix, member, onGap, onError } = options
  const redis = openConnection(options, onError)
  const sequences = newSequences()
  redis.on('messageBuffer', (channel: Buffer, bytes: Buffer) => {
    receive(options, sequences, channel.toString(), bytes)
  })
  await new Promise<void>((resolve) => {
    let isFirst = true
    const subscribe = async (): Promise<void> => {
      await redis.subscribe(channelOf(prefix, member), channelOfAll(prefix))
      // What was sent while nobody listened is in the store.
      sequences.clear()
      if (!isFirst) onGap('the connection to Redis was lost')
      isFirst = false
      resolve()
    }
    redis.on('ready', () => {
      subscribe().catch((error: unknown) => {
        onError(error instanceof Error ? error : new Error('subscribe failed', { cause: error }))
        redis.disconnect(true)
      })
    })
  })
  return {
    close() {
      redis.disconnect()
    },
  }
}

function receive(
  { member, onMessages, onGap, onError }: RedisBusReceiverOptions,
  sequences: Sequences,
  channel: string,
  bytes: Uint8Array,
): void {
  try {
    const { header, rest } = readBusFrame(bytes)
    if (header.member === member) return
    const isNext = sequences.isNext(`${channel} ${header.member} ${String(header.node)}`, header.sequence)
    onMessages(messagesIn(rest))
    if (!isNext) onGap('a frame was lost')
  } catch (error) {
    onError(error instanceof Error ? error : new Error('a frame could not be read', { cause: error }))
    onGap('a frame could not be read')
  }
}

interface Sequences {
  /** Notes the number, and tells whether it follows the one before; the first one that is heard of a sender does. */
  isNext(sender: string, sequence: number): boolean
  clear(): void
}

function newSequences(): Sequences {
  const last = new Map<string, number>()
  return {
    isNext(sender, sequence) {
      const before = last.get(sender)
      last.delete(sender)
      last.set(sender, sequence)
      if (last.size > maxSenders) dropOldest(last)
      return before === undefined || sequence === before + 1
    },
    clear() {
      last.clear()
    },
  }
}

function dropOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
