import type { Grant } from '../../acl/index.js'
import type { Connection } from '../../delivery/index.js'

/** Which topics outside the protocol are open to whom. */
export interface Granting {
  readonly grants: readonly Grant[]
}

/**
 * Whether a client may have subscriptions or a will of plain MQTT use: all may but devices, and these where grants open further topics. Of whom
 * nothing can be stored nothing need be asked: for a device that is a round trip or two before its CONNACK.
 */
export function mayUsePlainMqtt(connection: Connection | undefined, { grants }: Granting): boolean {
  return connection?.accepted?.client !== 'device' || grants.length > 0
}
