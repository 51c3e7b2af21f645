import { type Desc, limits, type Message } from '../../../protocol/index.js'

/** Types that only the server gives: system messages, edited ones. */
const serverTypes: readonly string[] = ['sys', 'edited']

/**
 * What is wrong with the content of a message, or undefined.
 * @see docs/protocol/rpc.md 1.5 and 10, Message/client
 */
export function contentFault(message: Pick<Message, 'files' | 'msg_id'>): string | undefined {
  return uploadFault(message) ?? (message.files.some((desc) => textBytes(desc) === 0) ? 'a text has 1 to 16,384 bytes' : undefined)
}

/** The same for a message whose files are still to come: payloads may be empty. */
export function uploadFault({ files, msg_id }: Pick<Message, 'files' | 'msg_id'>): string | undefined {
  if (files.length === 0 || files.length > limits.descsPerMessageMax) return 'a message has 1 to 10 Desc'
  if (files.some((desc) => (textBytes(desc) ?? 0) > limits.textMaxBytes)) return 'a text has 1 to 16,384 bytes'
  if (msg_id !== null && (msg_id === '' || Buffer.byteLength(msg_id) > limits.msgIdMaxBytes)) return 'a msg_id has 1 to 255 bytes'
  return undefined
}

/** Bytes of a text; undefined for what is none. */
function textBytes({ mime, payload }: Desc): number | undefined {
  return mime === 'text' ? Buffer.byteLength(payload ?? '') : undefined
}

/** The types of a message that a peer may choose. */
export function chosenTypes(type: readonly string[]): readonly string[] {
  return type.filter((name) => !serverTypes.includes(name))
}

/** The id of the original in `link`, which v11 may send as a whole message. */
export function linkedId(link: Message['link']): number | null {
  return typeof link === 'object' ? (link?.id ?? null) : link
}
