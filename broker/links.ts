import type { Client as AedesClient } from 'aedes'
import type { Delivery } from '../delivery/index.js'
import { mqttLink, type MqttLink } from './mqtt-link.js'

/** The links of this door, by what they are looked up by. */
export interface Links {
  readonly byAedes: WeakMap<AedesClient, MqttLink>
  readonly connections: Delivery['connections']
}

/** Of a client of Aedes, or of the latest one that has its id: Aedes asks for some things before it says whose they are. */
export function linkOf({ byAedes, connections }: Links, client: { readonly id: string }): MqttLink | undefined {
  return byAedes.get(client as unknown as AedesClient) ?? mqttLink(connections.byClient.get(client.id))
}

/** All links of this door. */
export function allLinks({ connections }: Links): readonly MqttLink[] {
  return [...connections.byNumber.values()].flatMap((connection) => mqttLink(connection) ?? [])
}
