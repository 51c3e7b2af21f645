import type { Monotonic } from '../clock/index.js'
import type { PhoneId } from '../protocol/index.js'
import type { Account } from './account-file.js'
import { Complaint, exitCodes } from './complaint.js'
import type { Device } from './device.js'
import type { Standing } from './friends.js'
import type { Screen } from './screen.js'
import type { Draft } from './text-message.js'
import type { Message } from '../protocol/index.js'

/** A chat that is open on the screen. */
export interface Chat {
  readonly device: Device
  readonly account: Account
  readonly friend: PhoneId
  readonly screen: Screen
  /** Ends the chat; with a complaint if something went wrong. */
  readonly leave: (because?: unknown) => void
  /** What has been typed and is not stored yet, in order. */
  readonly outbox: Draft[]
  /** What the messages that have been on the screen said there, by id: the inbox and the history bring some of them twice. */
  readonly shown: Map<number, string>
  /** msg_id of what was typed here: it is on the screen already. */
  readonly typed: Set<string>
  /** Messages that came before the history was fetched, or while it is; null when it is not. */
  held: Message[] | null
  /** How many fetches of the history are under way. */
  fetches: number
  name: string
  /** How far we had read when the chat began, if there was anything after that. */
  readonly lastRead: number | null
  standing: Standing
  /** Ids: the newest message seen, the newest own one, how far the friend has read, and how far we have told that we have. */
  newest: number
  newestOwn: number
  friendRead: number
  ownRead: number
  isSending: boolean
  isMarking: boolean
  isApproaching: boolean
  isFriendTyping: boolean
  typingTimer: NodeJS.Timeout | undefined
  /** Undefined while nothing has been typed. */
  lastTypingSent: Monotonic | undefined
  /** Nothing more will be typed. */
  hasInputEnded: boolean
}

/**
 * Lets something run that nobody waits for. What fails because the connection is lost is done again when it is back; a refusal is shown;
 * a fault ends the chat.
 */
export function run(chat: Chat, work: Promise<void>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof Complaint)) chat.leave(error)
    else if (error.exitCode !== exitCodes.away) chat.screen.line(`* ${error.message}`)
  })
}

/** Tells what stands before the prompt: who is typing, what is not sent yet. */
export function showHint({ screen, outbox, name, isFriendTyping }: Chat): void {
  const typing = isFriendTyping ? [`${name} is typing…`] : []
  const unsent = outbox.length > 0 && screen.isTerminal ? [`${String(outbox.length)} to be sent`] : []
  screen.hint([...typing, ...unsent].join(', '))
}
