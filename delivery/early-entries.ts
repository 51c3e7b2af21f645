import type { Parcel } from './link.js'

/** An inbox entry that has just been committed. */
export interface Arrived {
  readonly number: number
  readonly parcel: Parcel
}

/** What is committed while a page is on its way: it follows the page, most likely. Ascending. */
export class EarlyEntries {
  /** Made when first needed: most devices are idle most of the time. */
  #entries: Arrived[] | undefined
  bytes = 0

  get length(): number {
    return this.#entries?.length ?? 0
  }

  add(number: number, parcel: Parcel): void {
    ;(this.#entries ??= []).push({ number, parcel })
    this.bytes += parcel.size
  }

  /** Takes all of them out. */
  take(): readonly Arrived[] {
    const entries = this.#entries ?? []
    this.#entries = undefined
    this.bytes = 0
    return entries
  }
}
