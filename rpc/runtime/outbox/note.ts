import { createHash } from 'node:crypto'
import type { PhoneId } from '../../../topics/index.js'
import { cursors, feedLevel, type MessageDocument, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { readUnread } from '../../views/feed-state.js'
import type { Notice } from './notice.js'
import type { PushNote } from './task.js'

export interface NoteParts {
  readonly notice: Notice
  readonly to: PhoneId
  readonly messageId: number
  readonly message: MessageDocument | undefined
  readonly showsText: boolean
  /** Unread messages are counted for few receivers only. */
  readonly counts: boolean
}

const maxTextCharacters = 200

/** What the notification of one person says: no more than is needed to find what it speaks of, unless the operator shows texts. */
export async function readNote(facts: FactReader, parts: NoteParts): Promise<PushNote> {
  const { notice, to, messageId, message, showsText, counts } = parts
  const { kind, feed, from } = notice
  return {
    kind,
    feed,
    from,
    to,
    message: messageId,
    unread: counts && kind === 'message' ? await readUnread(facts, feed, to, (await facts.peek(cursors, to, feedLevel(feed))) ?? 0) : null,
    name: showsText ? await readName(facts, from) : null,
    text: showsText && message !== undefined ? textOf(message) : null,
    collapse: collapseKey(notice),
  }
}

/** The same for all notices of one kind in one feed; says nothing of either to whoever reads it. */
export function collapseKey({ kind, feed }: Notice): string {
  return createHash('sha256').update(`${kind} ${feed}`).digest('base64url').slice(0, 32)
}

async function readName(facts: FactReader, from: PhoneId): Promise<string | null> {
  const roster = await facts.peek(rosters, from)
  const name = [roster?.names, roster?.surnames].filter((part) => typeof part === 'string' && part !== '').join(' ')
  return name === '' ? null : name
}

function textOf({ files }: MessageDocument): string | null {
  const text = files.find(({ mime }) => mime === 'text')?.payload ?? null
  return text === null ? null : Array.from(text).slice(0, maxTextCharacters).join('')
}
