import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/**
 * By which number the account filed under `filed` is reached from then on, and so are these of its rosters. An account is filed for ever under
 * the number it was first stored by: in handlers and in the store, its phone and the phone_ids of its rosters are made of that one. What peers
 * write and read is made of its number; the two are translated where records come in and go out (`names/`).
 * @see docs/decisions/0114-accounts-keep-the-names-they-are-filed-under.md
 */
export interface Naming {
  readonly filed: Phone
  readonly number: Phone
  /** Roster ids. */
  readonly rosters: readonly number[]
}

/** One entry of the log of namings: what changed together. */
export interface MoveDocument {
  readonly namings: readonly Naming[]
}

/** The log, by its number from 1 as 16 digits: every worker makes its names of it. */
export const moves = table<[log: 'all', number: string], MoveDocument>('move')
/** Number of the last entry of the log; there is none before the first account has moved. */
export const moveLogs = table<[log: 'all'], { readonly last: number }>('moves')
/** The number of an account, where it is not the one it is filed under. */
export const numbers = table<[filed: Phone], { readonly number: Phone }>('number')
/** The account of a number, where it is not filed under it. */
export const accounts = table<[number: Phone], { readonly filed: Phone }>('account')

const logDigits = 16

/** The place of an entry in the log as a level of its key. */
export function moveLevel(number: number): string {
  return String(number).padStart(logDigits, '0')
}
