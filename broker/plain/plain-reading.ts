import type { Connection } from '../../delivery/index.js'

/** What a subscriber of plain MQTT use may leave unread before it gets no more at QoS 0, and before it is let go; bytes. */
const droppedBeyondBytes = 1024 * 1024
const endedBeyondBytes = 16 * 1024 * 1024

/**
 * Whether a subscriber is sent what was published for plain MQTT use. At QoS 0 it is not while it leaves much unread; who leaves very much is let go,
 * and what its session is owed stays in its queue.
 */
export function takesPlain(connection: Connection | undefined, { qos }: { readonly qos?: number }): boolean {
  const unreadBytes = connection?.pump.unreadBytes ?? 0
  if (unreadBytes <= droppedBeyondBytes) return true
  if (qos === 0) return false
  if (unreadBytes > endedBeyondBytes) connection?.link.close('unread')
  return true
}
