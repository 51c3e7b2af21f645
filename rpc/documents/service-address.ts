import { numberTable } from './number-table.js'

/** When a service was last known to have connected from an address with its secret (ms since 1970 UTC), to within a day. */
export const serviceAddresses = numberTable<[service: string, addressLevel: string]>('service-address')
