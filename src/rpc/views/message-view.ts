import { record, type RecordOf } from '../../protocol/index.js'
import { parsePhoneId } from '../../topics/index.js'
import type { MessageDocument } from '../documents/index.js'

/** Where a message stands in its feed, for the links of the Message record. */
export interface MessagePlace {
  readonly id: number
  /** Id of the message before it, 0 if none. */
  readonly previous: number
  /** Id of the message after it, 0 if none is known. */
  readonly next: number
}

/** The feed key record of a feed name: `p2p/<a>/<b>` or `room/<id>`. */
export function feedKeyRecord(feed: string): RecordOf<'p2p'> | RecordOf<'muc'> {
  const [kind, first = '', second = ''] = feed.split('/')
  return kind === 'p2p' ? record('p2p', { from: first, to: second }) : record('muc', { name: first })
}
