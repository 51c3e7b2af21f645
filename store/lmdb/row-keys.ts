/**
 * Where things lie in the one ordered table of the LMDB engine. The first character tells the kind of row, so that no document key can reach
 * an engine row; a number at the end is padded to sixteen digits, so that bytewise order is numeric order. Names hold no NUL (see
 * `requireKey`), so a NUL ends them.
 *
 * | row | holds |
 * | --- | --- |
 * | `d<key>` | a document |
 * | `f<feed>` | head of a feed |
 * | `p<feed>NUL<id>` | place of a message in its feed |
 * | `h<client>` | head of an inbox |
 * | `i<client>NUL<first number>` | a chunk of consecutive inbox entries |
 * | `n<client>` | the list of the news in an inbox, where it is kept (see `group-inboxes.ts`) |
 * | `l<client>` | what the device has missed and has not been told of |
 * | `o<id>` | an outbox entry |
 * | `#id` | the message id given last |
 */
import type { Key } from '../contract.js'

export const lastIdRow = '#id'

export const documentRow = (key: Key): string => `d${key}`
export const feedHeadRow = (feed: string): string => `f${feed}`
export const feedPlaceRow = (feed: string, id: number): string => `p${feed}\0${padded(id)}`
export const inboxHeadRow = (client: string): string => `h${client}`
export const inboxChunkRow = (client: string, first: number): string => `i${client}\0${padded(first)}`
export const inboxNewsRow = (client: string): string => `n${client}`
export const inboxLossesRow = (client: string): string => `l${client}`
export const outboxRow = (id: string): string => `o${id}`

/** Key of a document row, without the mark of its kind; likewise the id of an outbox row. */
export const nameInRow = (row: string): string => row.slice(1)

/** Number at the end of a feed place or inbox chunk row. */
export const numberInRow = (row: string): number => Number(row.slice(-numberDigits))

/** A bound after every row that begins with `prefix`: no UTF-8 text holds the byte 0xff. */
export const endOf = (prefix: string): Buffer => Buffer.concat([Buffer.from(prefix), Buffer.of(0xff)])

/** Turns rows and bounds into bytes and rows back, for LMDB. */
export const rowEncoder = {
  writeKey(row: string | Buffer, target: Buffer, start: number): number {
    return start + (typeof row === 'string' ? target.write(row, start) : row.copy(target, start))
  },
  readKey(source: Buffer, start: number, end: number): string {
    return source.toString('utf8', start, end)
  },
}

const numberDigits = 16

function padded(number: number): string {
  return String(number).padStart(numberDigits, '0')
}
