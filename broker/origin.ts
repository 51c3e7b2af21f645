import type { Place } from './listeners/places.js'

/** Which listener a socket came through. */
export type ListenerName = 'mqtt' | 'tls' | 'ws' | 'core'

/** Where a socket comes from. */
export interface Origin {
  readonly listener: ListenerName
  readonly address: string
  readonly place: Place
  /** The peer has proved who he is: what carries his packets need not be narrower than they may be. */
  readonly onProven?: () => void
}
