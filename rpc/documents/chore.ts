import type { Phone, PhoneId } from '../../topics/index.js'
import { table } from './table.js'

/** Where the work on a list of rosters stands: the stage, which of the rosters, and the key level behind which it goes on. */
export interface ChorePlace<Stage extends string> {
  readonly stage: Stage
  readonly roster: number
  /** Empty at the beginning. */
  readonly after: string
}

export const announceStages = ['contacts', 'listers', 'rooms'] as const
export type AnnounceStage = (typeof announceStages)[number]

/** Tells everybody concerned by what name the rosters of an account are known now. */
export interface AnnounceChore {
  readonly kind: 'announce'
  readonly rosters: readonly PhoneId[]
  /** The number it had before. */
  readonly was: Phone
  readonly at: number
  readonly place: ChorePlace<AnnounceStage>
}

export const eraseStages = ['contacts', 'listers', 'rooms', 'rows', 'notes', 'bans'] as const
export type EraseStage = (typeof eraseStages)[number]

/** A roster that is no more, as the rooms that it still has to leave are told of it. */
export interface ErasedRoster {
  readonly phoneId: PhoneId
  readonly names: string | null
  readonly surnames: string | null
  readonly avatar: string | null
}

/** Removes what is left of rosters, and tells everybody who knew them. */
export interface EraseChore {
  readonly kind: 'erase'
  readonly rosters: readonly ErasedRoster[]
  /** Friends have been told by other means: the account stays, and with it the bans that it has made. */
  readonly areFriendsTold: boolean
  readonly place: ChorePlace<EraseStage>
}

export type ChoreDocument = AnnounceChore | EraseChore

/**
 * Work that a request has begun and that is too much for one commit, in the order of the times at which it goes on. Every step commits what it
 * does together with the place where the next one begins, so that it is done once whatever dies.
 */
export const chores = table<[due: string, id: string], ChoreDocument>('chore')
