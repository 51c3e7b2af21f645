import type { ConnectResult } from '../rpc/index.js'

/** As what a peer was accepted. */
export type AcceptedClient = (ConnectResult & { readonly kind: 'accepted' })['client']

/** Something to be sent, laid out by a door for any number of receivers. */
export interface Parcel {
  /** About how many bytes it has for one receiver. */
  readonly size: number
  readonly qos: 0 | 1 | 2
}

/** How a door lays out what is sent; one for all of its connections. */
export interface Wire {
  /** Once for each variant, however many receivers it has. */
  layOut(topic: string, qos: 0 | 1 | 2, payload: Uint8Array): Parcel
}

/**
 * Why a connection is closed from this side: `undecided` (who it is could not be found out in time), `full` (there is no place for it), `followed`
 * (its client is connected anew, here or in another process), `logout` (its session is over, or it asked), `unread` (what it was sent has not been
 * read for too long, or is too much), `draining` (the process stops), `failed` (what it was promised cannot be kept).
 */
export type CloseReason = 'undecided' | 'full' | 'followed' | 'logout' | 'unread' | 'draining' | 'failed'

/**
 * One connection of a door, as delivery sees it: how its peer is written to, and how it is ended. *Slots* are small numbers that name what was sent
 * until it is acknowledged; those of owed entries follow from their numbers (see `slotOf`). To MQTT they are packet ids; a door whose peers
 * acknowledge all up to a number needs none of them.
 */
export interface Link {
  readonly wire: Wire
  /** Bytes that were written and that the peer has not taken. */
  readonly waitingBytes: number
  /** More may be written without anything piling up. */
  readonly isFlushed: boolean
  /** Bytes kept of what the peer is still sending. */
  readonly keptBytes: number
  /** The peer has said that it is not coming back at once. */
  readonly hasSaidGoodbye: boolean
  /**
   * Sends what its wire has laid out.
   * @param number of an inbox entry; 0 for what is owed to nobody
   * @param slot 0 at QoS 0
   * @param isRepeated it may have been sent before
   * @returns false if for this receiver there is nothing to send, which counts as acknowledged
   */
  send(parcel: Parcel, number: number, slot: number, isRepeated: boolean): boolean
  /** Of QoS 2: the peer has received it, and may forget that it has. */
  release(slot: number): void
  /**
   * What has been committed for its peer, as it is told: before the verdict of the request that led to it, whatever still waits to be sent. For doors
   * that answer each request by name; an answer that is in no inbox is theirs to send then.
   */
  hears?(parcel: Parcel): void
  /** A request was answered with so many bytes. */
  answered(bytes: number): void
  /** Its peer was accepted. @returns false if there is no place left for one like it; it is closed then */
  takePlace(client: AcceptedClient): boolean
  /** Tells once when more may be written. @returns forgets it */
  onceDrained(tell: () => void): () => void
  /** Tells once when it has ended. */
  onceClosed(tell: () => void): void
  /** Ends it in order: nothing more is read, what was written arrives; resolves when it has ended, or its peer has had time enough. */
  end(): Promise<void>
  /** Ends it now. */
  close(because: CloseReason): void
}
