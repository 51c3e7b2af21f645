import { table } from './table.js'

/** One process of a cluster: that it lives, and who sees to what it leaves behind. */
export interface ClusterMemberDocument {
  /** Counts up for as long as the process lives. */
  readonly beat: number
  /** When it joined, ms; another time tells that it had been taken for dead and has joined again. */
  readonly joined: number
  /** Bit mask of the variants (see the link's variants) that its devices speak. */
  readonly variants: number
  /** Boot of the member that takes over what this one leaves; null for one that lives. */
  readonly heir: string | null
  readonly host: string
  readonly pid: number
  readonly version: string
}

/** The members of the cluster by their boot, all in one partition: everybody reads all of them again and again. */
export const clusterMembers = table<[all: 'all', boot: string], ClusterMemberDocument>('cluster')
