import { coreErrors, type CoreRefusal, wrongAt } from './errors.js'
import { type EntityId, parseEntityId } from './entity-id.js'

/** What of a message is said again in its answer. */
export interface Echo {
  readonly id: string
  readonly type: string
  /** `from` as it was written; null if it was not given, or was no text. */
  readonly from: string | null
  /** `to` as it was written, if that was empty or a server; else null: the server answers in its own name. */
  readonly to: string | null
}

/** A message whose form is right: checks 1 to 3 of core.md 2.1. */
export interface BaseMessage {
  readonly echo: Echo
  /** Null for this connection. */
  readonly from: EntityId | null
  /** Null for this server. */
  readonly to: EntityId | null
  readonly payload: Readonly<Record<string, unknown>>
}

export type Reading =
  | { readonly kind: 'message'; readonly message: BaseMessage }
  | { readonly kind: 'refused'; readonly echo: Echo; readonly refusal: CoreRefusal }
  /** An error is never answered, so that two peers cannot loop. */
  | { readonly kind: 'silent' }

const maxDepth = 32
const maxIdCharacters = 128
const maxTypeCharacters = 255
const errorPostfix = ':error'
const unreadable: Reading = {
  kind: 'refused',
  echo: { id: '', type: '', from: null, to: null },
  refusal: { error: 'unreadable' },
}

/**
 * Reads one text message.
 * @param text any text at all; null for a binary message
 * @see docs/protocol/core.md 2 and 2.1, checks 1 to 3
 */
export function readBaseMessage(text: string | null): Reading {
  const object = text === null || isTooDeep(text) ? undefined : parseObject(text)
  if (object === undefined) return unreadable
  const echo = echoOf(object)
  if (echo.type.endsWith(errorPostfix)) return { kind: 'silent' }
  const wrong = wrongMember(object)
  if (wrong !== undefined) return { kind: 'refused', echo, refusal: wrongAt('wrong_field', wrong) }
  const { from, to, payload } = object
  const [sender, receiver] = [entityIn(from), entityIn(theOnly(to))]
  if (sender === undefined) return { kind: 'refused', echo, refusal: wrongAt('no_entity_id', 'from') }
  if (receiver === undefined) return { kind: 'refused', echo, refusal: wrongAt('no_entity_id', 'to') }
  return { kind: 'message', message: { echo, from: sender, to: receiver, payload: isObject(payload) ? payload : {} } }
}

/** The first member, in the order of the contract, that is not of its type. @see docs/protocol/core.md 2.1, check 2 */
function wrongMember({ id, type, from, to, ok, payload }: Members): string | undefined {
  if (!isToken(id, maxIdCharacters)) return 'id'
  if (!isToken(type, maxTypeCharacters)) return 'type'
  if (!isTextOrNothing(from)) return 'from'
  if (!isTextOrNothing(theOnly(to)) || (Array.isArray(to) && typeof theOnly(to) !== 'string')) return 'to'
  if (ok !== undefined && typeof ok !== 'boolean') return 'ok'
  return payload === undefined || payload === null || isObject(payload) ? undefined : 'payload'
}

type Members = Readonly<Record<string, unknown>>

/** `to` may be a list of one, as in published revisions. */
function theOnly(to: unknown): unknown {
  return Array.isArray(to) && to.length === 1 ? to[0] : to
}

/** Who answers, and to whom where the request does not say. */
export interface Answering {
  readonly serverName: string
  /** EntityID of who asked; empty for who has not logged in. */
  readonly caller: string
}

/** The answer to a request that was done. */
export function answerOk(echo: Echo, answering: Answering, payload: object): string {
  return JSON.stringify({ id: echo.id, type: echo.type, ...ends(echo, answering), ok: true, payload })
}

/** The answer to a request that was not: its type with `:error`, or for a published type in the form that was published (core.md 4.2). */
export function answerError(echo: Echo, answering: Answering, refusal: CoreRefusal, isPublished = false): string {
  const error: { readonly code: number; readonly text: string; readonly published?: string } = coreErrors[refusal.error]
  const { code: errCode, text: errText } = error
  const errPayload = refusal.errPayload ?? {}
  const { id, type } = echo
  if (!isPublished) {
    return JSON.stringify({
      id,
      type: `${type}${errorPostfix}`,
      ...ends(echo, answering),
      ok: false,
      payload: { errCode, errText, errPayload },
    })
  }
  const errID = error.published ?? coreErrors.not_allowed.published
  return JSON.stringify({ id, type, ...ends(echo, answering), ok: false, payload: { errCode, errID, errText, errPayload } })
}

function ends(echo: Echo, { serverName, caller }: Answering): { readonly from: string; readonly to: string } {
  return { from: echo.to ?? serverName, to: echo.from ?? caller }
}

function echoOf({ id, type, from, to }: Members): Echo {
  const only = theOnly(to)
  return {
    id: typeof id === 'string' ? id : '',
    type: typeof type === 'string' ? type : '',
    from: typeof from === 'string' ? from : null,
    to: typeof only === 'string' && (only === '' || parseEntityId(only)?.kind === 'server') ? only : null,
  }
}

/** Only by an escape can half of a character be written. */
const surrogateEscape = /\\u[dD][89a-fA-F]/

/** Halves of characters become U+FFFD, as in UTF-8. */
function wellFormed(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value).toString() : value
}

function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = surrogateEscape.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Total on any text: what is no JSON is told to the peer as such.
    return undefined
  }
}

/** Whether brackets outside of texts are nested deeper than a message may be. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let isInText = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (isInText) {
      if (unit === 0x5c) at++
      else if (unit === 0x22) isInText = false
    } else if (unit === 0x22) isInText = true
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > maxDepth) return true
    } else if (unit === 0x7d || unit === 0x5d) depth--
  }
  return false
}

function isToken(value: unknown, max: number): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0') && characters(value) <= max
}

/** Code points, as JSON Schema counts them. */
export function characters(text: string): number {
  let count = 0
  for (const _character of text) count++
  return count
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string'
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns null where none is named, undefined where the text is none */
function entityIn(text: unknown): EntityId | null | undefined {
  return typeof text === 'string' && text !== '' ? parseEntityId(text) : null
}
