import type { ClientId } from '../../topics/index.js'
import type { PresenceDocument } from '../documents/index.js'

/** The devices of a phone that are connected, as far as their processes live. */
export function connectedClients(presence: PresenceDocument | undefined, isLive: (boot: string) => boolean): readonly ClientId[] {
  return presence === undefined ? [] : presence.devices.filter(({ boot }) => isLive(boot)).map(({ client }) => client)
}
