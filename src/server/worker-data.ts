import type { RpcLimits } from '../rpc/index.js'
import type { Options } from './options-table.js'

/** What the main thread hands to a worker at its start, as a structured clone; the counts are shared memory. */
export interface WorkerData {
  readonly node: number
  readonly boot: string
  readonly variantsInUse: SharedArrayBuffer
  /** What the store handles of the workers share. */
  readonly sharedMemory: SharedArrayBuffer
  readonly options: Options
  /** This is the first worker of node 1 in this life of the server. */
  readonly takesLeftovers: boolean
}

/** Where the embedded store lies within the data folder. */
export function storePath({ dataDir }: Options): string {
  return `${dataDir}/store`
}

/** The limits of requests that an operator may set. */
export function rpcLimits({ devicesPerPhone, groupMembers, channelMembers, historyPage }: Options): Partial<RpcLimits> {
  return { devicesPerPhone, membersPerGroup: groupMembers, membersPerChannel: channelMembers, historyPage }
}
