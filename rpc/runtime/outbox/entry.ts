import type { AnyRecord } from '../../../protocol/index.js'
import type { Bytes, OutboxEntry, PutNumber } from '../../../store/contract.js'
import type { Phone } from '../../../topics/index.js'
import { numberTable } from '../../documents/index.js'
import type { Job } from '../../outcome.js'
import type { Notice } from './notice.js'

/** Whom a job's end is told, in the life of the server that `boot` names. */
export interface Asked {
  readonly boot: string
  readonly connection: number
  readonly done: AnyRecord
  readonly failed: AnyRecord
  /** The request, as it is counted; absent in entries of earlier versions. */
  readonly request?: string
}

/** A notice to the phones that do not acknowledge; once a service has failed, what is left of it for one device. */
export interface NoticeEntry {
  readonly kind: 'notice'
  readonly notice: Notice
  readonly phones: readonly Phone[]
  /**
   * Its message was appended by the commit that made the entry: the inboxes refer to it, and its id is in {@link noticedMessages} under the
   * entry's id, unless the notice holds it already.
   */
  readonly isOfAppend: boolean
  /** Device that is still to be reached; null for all of the phones. */
  readonly only: string | null
  /** Attempts made so far. */
  readonly attempts: number
  /** Not before, ms; 0 for the end of the grace. */
  readonly next: number
  /** When its message was sent, ms. */
  readonly created: number
}

export type OutboxContent = { readonly kind: 'job'; readonly job: Job; readonly asked: Asked | null } | NoticeEntry

/** Ids of the messages of notices, which only their commit could give. */
export const noticedMessages = numberTable<[entry: string]>('noticed')

export function encodeContent(content: OutboxContent): Bytes {
  return Buffer.from(JSON.stringify(content))
}

/** @returns undefined for what no version of this server has written; an SMS or a call of an earlier version was stored by itself */
export function decodeContent(bytes: Bytes): OutboxContent | undefined {
  const content = JSON.parse(Buffer.from(bytes).toString('utf8')) as OutboxContent | Job
  if (content.kind === 'job' || content.kind === 'notice') return content
  return content.kind === 'sms' || content.kind === 'voice' ? { kind: 'job', job: content, asked: null } : undefined
}

export interface NewNotice {
  readonly id: string
  readonly notice: Notice
  readonly phones: readonly Phone[]
  /** Place of its message among the appends of the commit, if it is one of them. */
  readonly append: number | undefined
}

/** What a commit stores for a notice. */
export function noticeRows({ id, notice, phones, append }: NewNotice): { readonly entry: OutboxEntry; readonly numbers: PutNumber[] } {
  const content: NoticeEntry = {
    kind: 'notice',
    notice,
    phones,
    isOfAppend: append !== undefined,
    only: null,
    attempts: 0,
    next: 0,
    created: timeOf(id),
  }
  return {
    entry: { id, job: encodeContent(content) },
    numbers: append === undefined ? [] : [{ key: noticedMessages.key(id), append }],
  }
}

/** Whose outbox an entry belongs to. */
export interface EntryOwner {
  /** Start of the process; empty in entries of versions that named none. */
  readonly boot: string
  readonly node: number
}

/** An id: the time, chance, and the process and node whose outbox the entry belongs to. */
export function outboxId(now: number, chance: string, { boot, node }: EntryOwner): string {
  return `${String(now).padStart(13, '0')}${chance}.${boot}.${String(node)}`
}

/** The id under which another owner has the entry: the same for everybody who makes it. */
export function adoptedId(id: string, { boot, node }: EntryOwner): string {
  const [made] = id.split('.')
  return `${made ?? ''}.${boot}.${String(node)}`
}

/** When an entry was made, ms. */
export function timeOf(id: string): number {
  return Number(id.slice(0, 13)) || 0
}

/** Who works an entry off; what belongs to nodes that are no more, and to versions that named none, goes to the first node. */
export function ownerOf(id: string, nodes: number): EntryOwner {
  const [, boot = '', digits] = /^[^.]*(?:\.([^.]+))?\.(\d{1,4})$/.exec(id) ?? []
  const node = Number(digits ?? 1)
  return { boot, node: node >= 1 && node <= nodes ? node : 1 }
}
