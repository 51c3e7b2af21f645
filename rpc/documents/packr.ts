import { Packr } from 'msgpackr'

/** How what we store for ourselves is packed: plain data as MessagePack maps, integers of any size. */
export const packr = new Packr({ useRecords: false, mapsAsObjects: true, useBigIntExtension: true })
