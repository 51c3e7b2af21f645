import type { Put, Row, StoreReader } from '../../store/contract.js'

/**
 * One change of what stored documents hold, made once above the Store contract, whatever the engine. It goes through tables, stage by stage
 * and page by page; what a page comes to is stored together with the place where the next one begins. A page may be begun again, so that
 * what was stored of it must come to the same the second time.
 */
export interface Migration {
  /** Told in the log. */
  readonly name: string
  readonly stages: readonly Stage[]
}

export interface Stage {
  /** Of the keys it goes through. */
  readonly prefix: string
  /** Rows that are read together. */
  readonly pageRows: number
  /** What a page of rows comes to, in pieces of which each is one commit. */
  change(rows: readonly Row[], store: StoreReader): AsyncIterable<readonly Put[]>
}
