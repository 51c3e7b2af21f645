import { type PacketHeader, packetTypes } from './packet-header.js'

/**
 * What may come from a peer: `silent` (nothing has), `deciding` (CONNECT has, and is being decided), `guest` (it has proved nothing), `known`
 * (a device, a service).
 */
export type PeerState = 'silent' | 'deciding' | 'guest' | 'known'

/** Client id, token, user name and will; tokens have 512 bytes at most. */
const connectBytes = 8 * 1024
/** A request of a guest: INIT or Auth. */
const guestPublishBytes = 16 * 1024
const filterPacketBytes = 64 * 1024
const guestFilterPacketBytes = 1024
/** A packet id is all that an acknowledgement of MQTT 3.1.1 holds. */
const acknowledgementBytes = 2

/**
 * Bytes that a packet may have behind its fixed header, by its type and by who sends it.
 * @returns undefined if no such packet may come now
 * @see docs/protocol/topics.md 12; MQTT 3.1.1, 3.1 [MQTT-3.1.0-1]
 */
export function maxBodyBytes({ type }: Pick<PacketHeader, 'type'>, state: PeerState, maxPacketBytes: number): number | undefined {
  if (state === 'silent') return type === packetTypes.connect ? Math.min(connectBytes, maxPacketBytes) : undefined
  const isGuest = state === 'guest'
  switch (type) {
    case packetTypes.publish:
      return Math.min(isGuest ? guestPublishBytes : maxPacketBytes, maxPacketBytes)
    case packetTypes.subscribe:
    case packetTypes.unsubscribe:
      return Math.min(isGuest ? guestFilterPacketBytes : filterPacketBytes, maxPacketBytes)
    case packetTypes.puback:
    case packetTypes.pubrec:
    case packetTypes.pubrel:
    case packetTypes.pubcomp:
      return acknowledgementBytes
    case packetTypes.pingreq:
    case packetTypes.disconnect:
      return 0
    default:
      return undefined
  }
}
