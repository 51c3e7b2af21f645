import { type Desc, limits, type Message } from '../../../protocol/index.js'

/** Types that only the server gives: system messages, edited ones. */
const serverTypes: readonly string[] = ['sys', 'edited']

/**
 * What is wrong with the content of a message, or undefined.
 * @see docs/protocol/rpc.md 1.5 and 10, Message/client
 */
export function contentFault({ files, msg_id }: Pick<Message, 'files' | 'msg_id'>): string | undefined {
  if (files.length === 0 || files.length > limits.descsPerMessageMax) return 'a message has 1 to 10 Desc'
  if (!files.every(isDescValid)) return 'a text has 1 to 16,384 bytes'
  if (msg_id !== null && (msg_id === '' || Buffer.byteLength(msg_id) > limits.msgIdMaxBytes)) return 'a msg_id has 1 to 255 bytes'
  return undefined
}

function isDescValid({ mime, payload }: Desc): boolean {
  if (mime !== 'text') return true
  const bytes = Buffer.byteLength(payload ?? '')
  return bytes > 0 && bytes <= limits.textMaxBytes
}

/** The types of a message that a peer may choose. */
export function chosenTypes(type: readonly string[]): readonly string[] {
  return type.filter((name) => !serverTypes.includes(name))
}

/** The id of the original in `link`, which v11 may send as a whole message. */
export function linkedId(link: Message['link']): number | null {
  return typeof link === 'object' ? (link?.id ?? null) : link
}
