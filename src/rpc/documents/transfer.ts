import type { Branded, ClientId, Phone } from '../../topics/index.js'
import { table } from './table.js'

/**
 * Names one file in the storage and in its URL: 13 digits of the time in ms, then 256 random bits in hex. Whoever knows it may download the
 * file; the time in front lets a sweep find the oldest.
 */
export type FileKey = Branded<string, 'FileKey'>

/** A file on its way from a device: how much of it is stored. Complete where `stored` is `size`. @see docs/protocol/rpc.md 16 */
export interface TransferDocument {
  readonly file: FileKey
  /** Whose files it counts among. */
  readonly phone: Phone
  readonly filename: string
  /** Bytes of the whole file, as the device has announced them. */
  readonly size: number
  /** Bytes from the front that are durable; what the file holds behind them means nothing. */
  readonly stored: number
  readonly begun: number
}

/** A file that can be downloaded. */
export interface FileDocument {
  readonly phone: Phone
  readonly size: number
}

/** What the files of a phone come to: bytes announced or stored, and how many are not complete. */
export interface FileUsageDocument {
  readonly bytes: number
  readonly unfinished: number
}

/** The device that holds a token. A hint that may be out of date: the session says whether the token is still valid. */
export interface TokenHolderDocument {
  readonly client: ClientId
  readonly issued: number
}

/** Transfers of a device, by the id it has chosen, see `msgIdLevel`. */
export const transfers = table<[client: ClientId, idLevel: string], TransferDocument>('transfer')
export const files = table<[file: FileKey], FileDocument>('file')
export const fileUsage = table<[phone: Phone], FileUsageDocument>('file-usage')
/** Devices by the hash of their token, for who shows nothing else. */
export const tokenHolders = table<[tokenHash: string], TokenHolderDocument>('token')

const fileKey = /^\d{13}[0-9a-f]{64}$/

/** @param random 32 unpredictable bytes */
export function newFileKey(now: number, random: Uint8Array): FileKey {
  return parseFileKey(`${String(now).padStart(13, '0')}${Buffer.from(random).toString('hex')}`) as FileKey
}

/** A key, so also no path that leads anywhere else; undefined if it is none. */
export function parseFileKey(text: string): FileKey | undefined {
  return fileKey.test(text) ? (text as FileKey) : undefined
}

/** When the file was begun, ms since 1970 UTC. */
export function fileTime(key: FileKey): number {
  return Number(key.slice(0, 13))
}
