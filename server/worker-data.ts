import type { RpcLimits } from '../rpc/index.js'
import type { Options } from './options-table.js'

/** What the main thread hands to a worker at its start, as a structured clone; the counts are shared memory. */
export interface WorkerData {
  readonly node: number
  readonly boot: string
  readonly variantsInUse: SharedArrayBuffer
  /** What the store handles of the workers share. */
  readonly sharedMemory: SharedArrayBuffer
  /** Where it notes what it is working on. */
  readonly underWay: SharedArrayBuffer
  readonly options: Options
  /** What the URLs of files begin with; null if this server keeps none. */
  readonly filesUrl: string | null
}

/** Where the embedded store lies within the data folder. */
export function storePath({ dataDir }: Options): string {
  return `${dataDir}/store`
}

/** Where packs of stickers lie within the data folder. */
export function stickersPath({ dataDir }: Options): string {
  return `${dataDir}/stickers`
}

/** The limits of requests that an operator may set. */
export function rpcLimits(options: Options): Partial<RpcLimits> {
  const { devicesPerPhone, groupMembers, channelMembers, historyPage } = options
  const { filesMaxMib, filesQuotaMib, filesAddressMib, filesUnfinished, filesDays } = options
  const { peopleAccountDay, peopleAddressDay, roomsFriendDay } = options
  const { codesNumberHour, codesNumberDay, registrationsPerHour, codesAddressDay, codesTotalDay, wrongCodesAddressDay } = options
  return {
    devicesPerPhone,
    membersPerGroup: groupMembers,
    membersPerChannel: channelMembers,
    historyPage,
    fileBytes: filesMaxMib * mib,
    fileQuotaBytes: filesQuotaMib === 'off' ? Infinity : filesQuotaMib * mib,
    addressFileBytes: filesAddressMib === 'off' ? Infinity : filesAddressMib * mib,
    peoplePerAccount: amountOf(peopleAccountDay),
    peoplePerAddress: amountOf(peopleAddressDay),
    codesPerReceiverHour: amountOf(codesNumberHour),
    codesPerReceiverDay: amountOf(codesNumberDay),
    codesPerAddressHour: amountOf(registrationsPerHour),
    codesPerAddressDay: amountOf(codesAddressDay),
    codesPerDay: amountOf(codesTotalDay),
    wrongCodesPerAddress: amountOf(wrongCodesAddressDay),
    roomsPerFriend: amountOf(roomsFriendDay),
    unfinishedFiles: filesUnfinished,
    fileLifeMs: filesDays === 'off' ? Infinity : filesDays * dayMs,
  }
}

function amountOf(limit: number | 'off'): number {
  return limit === 'off' ? Infinity : limit
}

const mib = 1024 * 1024
const dayMs = 24 * 60 * 60_000
