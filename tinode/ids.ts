/** Names of users and topics. Total on any text. @see docs/protocol/tinode.md 5.1 */

/** A 64-bit number; 0 is nobody. */
export type UserNumber = bigint

const userBytes = 8
const userLetters = 11
const pairLetters = 22
const base64url = /^[A-Za-z0-9_-]*$/

/** @throws RangeError for what has no 64 bits */
export function userId(number: UserNumber): string {
  return `usr${Buffer.from(bytesOf(number)).toString('base64url')}`
}

/** @returns undefined for what is no id of a user: wrong length or alphabet, or bits behind the 64th */
export function parseUserId(text: string): UserNumber | undefined {
  return text.startsWith('usr') ? numberOf(text.slice('usr'.length)) : undefined
}

function bytesOf(number: UserNumber): Uint8Array {
  if (number < 0n || number >= 1n << 64n) throw new RangeError('a user is a number of 64 bits')
  const bytes = Buffer.alloc(userBytes)
  bytes.writeBigUInt64LE(number)
  return bytes
}

function numberOf(letters: string): UserNumber | undefined {
  if (letters.length !== userLetters) return undefined
  const bytes = canonical(letters)
  return bytes?.readBigUInt64LE()
}

/** Bytes that are written as these letters and no others. */
function canonical(letters: string): Buffer | undefined {
  if (!base64url.test(letters)) return undefined
  const bytes = Buffer.from(letters, 'base64url')
  return bytes.toString('base64url') === letters ? bytes : undefined
}

/** The name of a chat between two, which only root and plugins see: the smaller number first. */
export function pairName(one: UserNumber, other: UserNumber): string {
  const [first, second] = one < other ? [one, other] : [other, one]
  return `p2p${Buffer.concat([bytesOf(first), bytesOf(second)]).toString('base64url')}`
}

/** @returns undefined for what is no such name, the two in their order included */
export function parsePairName(text: string): readonly [UserNumber, UserNumber] | undefined {
  const letters = text.slice('p2p'.length)
  if (!text.startsWith('p2p') || letters.length !== pairLetters) return undefined
  const bytes = canonical(letters)
  if (bytes === undefined) return undefined
  const [first, second] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(userBytes)]
  return first < second ? [first, second] : undefined
}

/** `new` and `newChannel` are what somebody calls a topic that he makes. */
export type TopicName =
  | { readonly kind: 'me' | 'fnd' | 'sys' | 'slf' }
  | { readonly kind: 'user'; readonly user: UserNumber }
  | { readonly kind: 'pair'; readonly users: readonly [UserNumber, UserNumber] }
  | { readonly kind: 'group' | 'channel'; readonly room: string }
  | { readonly kind: 'new' | 'newChannel'; readonly as: string }

const alone: ReadonlySet<string> = new Set(['me', 'fnd', 'sys', 'slf'])

/** @returns `malformed` for an id of a user that is none, undefined for what names no topic */
export function parseTopicName(text: string): TopicName | 'malformed' | undefined {
  if (alone.has(text)) return { kind: text as 'me' | 'fnd' | 'sys' | 'slf' }
  const rest = text.slice('grp'.length)
  switch (text.slice(0, 'grp'.length)) {
    case 'usr': {
      const user = parseUserId(text)
      return user === undefined ? 'malformed' : { kind: 'user', user }
    }
    case 'p2p': {
      const users = parsePairName(text)
      return users && { kind: 'pair', users }
    }
    case 'grp':
    case 'chn': {
      const room = parseRoom(rest)
      return room === undefined ? undefined : { kind: text.startsWith('grp') ? 'group' : 'channel', room }
    }
    case 'new':
      return { kind: 'new', as: rest }
    case 'nch':
      return { kind: 'newChannel', as: rest }
    default:
      return undefined
  }
}

/** A room by its id, as members call it, or as readers of a channel do. */
export function roomTopic(kind: 'group' | 'channel', room: string): string {
  return `${kind === 'group' ? 'grp' : 'chn'}${Buffer.from(room, 'utf8').toString('base64url')}`
}

/** Only as {@link roomTopic} writes it, and no name of nothing. */
function parseRoom(letters: string): string | undefined {
  const room = letters === '' ? undefined : canonical(letters)?.toString('utf8')
  return room !== undefined && Buffer.from(room, 'utf8').toString('base64url') === letters ? room : undefined
}
