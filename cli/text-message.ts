import { randomUUID } from 'node:crypto'
import { type AnyRecord, type Desc, type Message, p2pFeed, type PhoneId, record } from '../protocol/index.js'
import type { Device, Reply } from './device.js'
import { printable } from './printable.js'

/** A message that has not been stored yet. `msgId` makes a repetition harmless (rpc.md 10). */
export interface Draft {
  readonly msgId: string
  readonly text: string
}

export function newDraft(text: string): Draft {
  return { msgId: randomUUID(), text }
}

/** Sends the draft and waits until the server has stored it. @throws Complaint as `Device.ask` */
export function sendDraft({ msgId, text }: Draft, device: Device, from: PhoneId, to: PhoneId): Promise<Reply> {
  const files = [record('Desc', { id: 'text', mime: 'text', payload: text })]
  const message = record('Message', { feed_id: p2pFeed(from, to), msg_id: msgId, from, to, files, status: 'client' })
  return device.ask(message, (one) => isStored(one, from, msgId))
}

function isStored(received: AnyRecord, from: PhoneId, msgId: string): boolean {
  return received.tag === 'Message' && received.msg_id === msgId && received.from === from && received.id !== null
}

/** What a message says, for a terminal: its text, and the kind and place of anything else. */
export function textOf({ files, status }: Pick<Message, 'files' | 'status'>): string {
  return files.length === 0 && status === 'deleted' ? '(removed)' : files.map(descText).join(' ')
}

function descText({ mime, payload }: Desc): string {
  const shown = printable(payload ?? '')
  return mime === 'text' || mime === null ? shown : `[${printable(mime)}] ${shown}`.trim()
}
