import { bytesTable } from './table.js'

/**
 * Bodies of deliveries too large to be copied into every inbox, by an id that begins with the time in ms (13 digits), so that a sweep from
 * the front finds the old ones.
 */
export const sharedBodies = bytesTable<[id: string]>('body')
