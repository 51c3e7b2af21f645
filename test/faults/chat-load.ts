import { encode, record } from '../../protocol/index.js'
import { bert, eventsTopic } from '../wire/requests.js'
import type { Ledger } from './ledger.js'
import type { Citizen, Town, TownFeed } from './town.js'

/** Everybody sends to friend and room in turn, some messages ahead of their acknowledgements, for as long as it goes on. */
export interface ChatLoad {
  start(): void
  /** Sends no more; resolves when everything sent has been acknowledged to the end. */
  stop(): Promise<void>
  /** Resolves when so many more messages have been acknowledged. */
  acknowledgements(count: number): Promise<void>
}

interface Sender {
  readonly citizen: Citizen
  readonly feeds: readonly TownFeed[]
  readonly qos: 1 | 2
  /** Without one, only the server's marks tell a message that is sent again from another one with the same words. */
  readonly hasMessageId: boolean
  turn: number
  ahead: number
}

const maxAhead = 4

/**
 * @param isSilent citizens by place who send nothing
 * @param feedsOf what each sends to, in turn
 */
export function newChatLoad(
  { citizens, chats, room }: Town,
  ledger: Ledger,
  isSilent: (place: number) => boolean = () => false,
  feedsOf: (chat: TownFeed, room: TownFeed) => readonly TownFeed[] = (chat) => [chat, room],
): ChatLoad {
  const senders = citizens.flatMap((citizen, place): Sender[] => {
    const chat = chats.find(({ members }) => members.includes(place))
    if (isSilent(place) || chat === undefined) return []
    return [{ citizen, feeds: feedsOf(chat, room), qos: place % 2 === 0 ? 2 : 1, hasMessageId: place % 4 < 2, turn: 0, ahead: 0 }]
  })
  const waiting = new Set<{ left: number; readonly resolve: () => void }>()
  let isRunning = false

  function noteAcknowledged(): void {
    for (const waiter of waiting) {
      if (--waiter.left > 0) continue
      waiting.delete(waiter)
      waiter.resolve()
    }
  }

  function sendOn(sender: Sender): void {
    while (isRunning && sender.ahead < maxAhead) sendOne(sender)
  }

  function sendOne(sender: Sender): void {
    const { citizen, feeds, qos, hasMessageId } = sender
    const feed = feeds[sender.turn++ % feeds.length]
    if (feed === undefined) return
    const message = ledger.newMessage(citizen.name, feed.name, qos)
    const posted = record('Message', {
      feed_id: feed.key,
      msg_id: hasMessageId ? message.text : null,
      from: citizen.account.phoneId,
      files: [record('Desc', { id: 'd', payload: message.text })],
      status: 'client',
    })
    sender.ahead++
    void citizen.device.publish(eventsTopic, encode(posted, bert), qos).then(() => {
      sender.ahead--
      ledger.acknowledge(message)
      noteAcknowledged()
      sendOn(sender)
    })
  }

  return {
    start() {
      isRunning = true
      for (const sender of senders) sendOn(sender)
    },
    async stop() {
      isRunning = false
      await Promise.all(citizens.map(({ device }) => device.acknowledged()))
    },
    acknowledgements: (count) =>
      new Promise((resolve) => {
        waiting.add({ left: count, resolve })
      }),
  }
}
