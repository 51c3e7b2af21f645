import { randomBytes } from 'node:crypto'
import { limits } from '../protocol/index.js'
import type { RoomAdding } from './room-adding.js'
import type { StrangersLearn } from './strangers-learn.js'
import type { StickerShelf } from './sticker-shelf.js'
import type { TransferFiles } from './transfer-files.js'

/** Phone numbers for tests: those that begin with one of the prefixes get a fixed code and no SMS. @see docs/protocol/rpc.md 4, Auth/reg */
export interface TestNumbers {
  readonly prefixes: readonly string[]
  /** Six digits. */
  readonly code: string
}

/** Limits, and lives of what expires; the values of the protocol unless a test wants shorter ones. Times in milliseconds. */
export interface RpcLimits {
  readonly codeLifeMs: number
  /** A second reg within this time keeps the code. */
  readonly codeKeepMs: number
  /** As many wrong codes burn a code. */
  readonly wrongCodes: number
  /** Life of a code sent by e-mail, and the time within which {@link RpcLimits.emailCodes} counts. */
  readonly emailCodeLifeMs: number
  /** Codes mailed for one profile. */
  readonly emailCodes: number
  /** Codes sent within an hour for moves of one account to another number. */
  readonly migrationCodes: number
  /** resend and voice together, per pending session. */
  readonly resends: number
  readonly tokenLifeMs: number
  /** A session unused for so long is void. */
  readonly sessionLifeMs: number
  readonly devicesPerPhone: number
  readonly rostersPerProfile: number
  readonly membersPerGroup: number
  readonly membersPerChannel: number
  /** Messages that one History request returns at most. */
  readonly historyPage: number
  readonly tagsPerRoster: number
  readonly starsPerRoster: number
  /** Bytes of the messages copied into the stars of a roster. */
  readonly starBytesPerRoster: number
  /** Scheduled jobs of a roster, stopped ones included. */
  readonly jobsPerRoster: number
  /** How far ahead a job may be scheduled. */
  readonly jobHorizonMs: number
  /** Calls kept for a chat or a room; the oldest goes first. */
  readonly callsPerFeed: number
  /** Bytes of one file that a device sends. */
  readonly fileBytes: number
  /** Bytes of all files of a phone, those under way included; Infinity for no limit. */
  readonly fileQuotaBytes: number
  /** Files of a phone that are under way. */
  readonly unfinishedFiles: number
  /** A file that is not complete by then is removed. */
  readonly transferLifeMs: number
  /** A file is removed then; Infinity for never. */
  readonly fileLifeMs: number
  /** A complete file that nothing stored names by then is removed. */
  readonly unnamedFileLifeMs: number
  /** Bytes of the files begun from one address in a day; Infinity for no limit. */
  readonly addressFileBytes: number
  /** Requests for friendship that wait at one roster; the oldest gives way. */
  readonly pendingRequests: number
  /** People whom an account may ask about without knowing them: so many at once, which come back within a day; Infinity for no limit. */
  readonly peoplePerAccount: number
  /** The same from one address. */
  readonly peoplePerAddress: number
  /** Codes sent to one number or e-mail address: so many at once, which come back evenly within an hour; Infinity for no limit, as below. */
  readonly codesPerReceiverHour: number
  /** The same within a day. */
  readonly codesPerReceiverDay: number
  /** Codes asked for from one address, IPv6 by /48: within an hour. */
  readonly codesPerAddressHour: number
  /** The same within a day. */
  readonly codesPerAddressDay: number
  /** Codes that the server sends within a day; a quarter is kept for sites where their number was verified before. */
  readonly codesPerDay: number
  /** Wrong codes given from one address within a day, whatever they are for. */
  readonly wrongCodesPerAddress: number
  /** Rooms that one account may put another into: so many at once, which come back within a day; Infinity for no limit. */
  readonly roomsPerFriend: number
  /** Wrong secrets of services that an address may send at once; they come back evenly within `wrongSecretsMs`. */
  readonly wrongSecrets: number
  readonly wrongSecretsMs: number
  /** Wrong secrets for one service in an hour, from all addresses that it has not come from. */
  readonly wrongSecretsInAll: number
  /** So long is the answer to a wrong secret kept back. */
  readonly wrongSecretDelayMs: number
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** @see docs/protocol/rpc.md 1.5 and 4 */
export const protocolLimits: RpcLimits = {
  codeLifeMs: 10 * minuteMs,
  codeKeepMs: minuteMs / 2,
  wrongCodes: 5,
  emailCodeLifeMs: 60 * minuteMs,
  emailCodes: 5,
  migrationCodes: 5,
  resends: 3,
  tokenLifeMs: 30 * dayMs,
  sessionLifeMs: 180 * dayMs,
  devicesPerPhone: 10,
  rostersPerProfile: limits.rostersPerProfile,
  membersPerGroup: limits.membersPerGroup,
  membersPerChannel: limits.membersPerChannel,
  historyPage: limits.historyPageMax,
  tagsPerRoster: limits.tagsPerRoster,
  starsPerRoster: limits.starsPerRoster,
  starBytesPerRoster: limits.starBytesPerRoster,
  jobsPerRoster: 100,
  jobHorizonMs: 366 * dayMs,
  callsPerFeed: limits.callsPerFeed,
  fileBytes: limits.ftpFileBytes,
  fileQuotaBytes: Infinity,
  unfinishedFiles: 32,
  transferLifeMs: dayMs,
  fileLifeMs: Infinity,
  unnamedFileLifeMs: dayMs,
  addressFileBytes: Infinity,
  pendingRequests: 100,
  peoplePerAccount: 3_000,
  peoplePerAddress: 30_000,
  codesPerReceiverHour: 12,
  codesPerReceiverDay: 24,
  codesPerAddressHour: 20_000,
  codesPerAddressDay: 100_000,
  codesPerDay: 500_000,
  wrongCodesPerAddress: 1_000,
  roomsPerFriend: 20,
  wrongSecrets: 5,
  wrongSecretsMs: 15 * minuteMs,
  wrongSecretsInAll: 1_000,
  wrongSecretDelayMs: 1_000,
}

/** What handlers know of the server they run in; the same for all requests of a worker, made once at its start. */
export interface RpcContext {
  /** Names the present start of the server, see `PresenceDocument`. */
  readonly boot: string
  /** N: how many nodes process requests, told to every device after CONNECT. */
  readonly nodeCount: number
  readonly testNumbers: TestNumbers
  readonly limits: RpcLimits
  /** Unpredictable bytes. Called in the reading half of a handler only: there, chance is a fact like any other. */
  readonly random: (count: number) => Uint8Array
  /** Messages with type sched are refused while there is none. */
  readonly hasScheduler: boolean
  /** Credentials for the cloud can be asked for. */
  readonly hasCloud: boolean
  readonly strangersLearn: StrangersLearn
  /** What becomes of whom a friend adds to a room, where his own settings do not say. */
  readonly roomAdding: RoomAdding
  /** Where the bytes of files go; null on a server that keeps none. */
  readonly files: TransferFiles | null
  /** Packs of stickers; null on a server that has none. */
  readonly stickers: StickerShelf | null
}

/** A context for a server of `nodeCount` nodes; what is left out is as the protocol says, without test numbers or scheduler. */
export function newRpcContext(parts: Pick<RpcContext, 'boot' | 'nodeCount'> & Partial<RpcContext>): RpcContext {
  return {
    testNumbers: { prefixes: [], code: '' },
    limits: protocolLimits,
    random: randomBytes,
    hasScheduler: false,
    hasCloud: false,
    strangersLearn: 'name',
    roomAdding: 'friends',
    files: null,
    stickers: null,
    ...parts,
  }
}
