import type { PhoneId } from '../../../topics/index.js'

/**
 * What a push notification tells those who have not acknowledged a send: that there is a message, a friend request or a missed call. Whoever
 * sends something of which an absent person should hear adds one to its send; the phone of `from` is never notified.
 * @see docs/protocol/rpc.md 9 (Friend/request), 10 (Message/client) and 15
 */
export interface Notice {
  readonly kind: 'message' | 'request' | 'call'
  readonly from: PhoneId
  /** `p2p/<a>/<b>` or `room/<id>`. Decides whose settings can mute it, and which earlier notification it replaces on the device. */
  readonly feed: string
  /** Id of the message, where it is not one that the same outcome appends. */
  readonly message?: number
}
