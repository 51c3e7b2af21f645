import { numberTable } from './number-table.js'

/**
 * What has been used of a budget, as the time when all of it will have come back (ms since 1970 UTC); without a row nothing has been used.
 * Keyed by what is counted and by whom: a phone, or `addressLevel` of an address.
 */
export const budgets = numberTable<[of: string, who: string]>('budget')
