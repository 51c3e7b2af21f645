import type { Put } from '../../../store/contract.js'
import { acTopic, type ClientId, mucTopic, type Phone } from '../../../topics/index.js'
import { type ConnectedDevice, online, presences, profiles, type ToldDepartures } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { Send } from '../../outcome.js'
import { partialContact } from '../../views/contact-view.js'
import { type RosterAudience, readRosterAudience } from '../../views/presence-audience.js'
import { rosterIds } from '../../views/profile-view.js'
import { afterDeparture } from './settling.js'

/** Who of a phone is connected before a device comes or goes, and who is to learn of it if the phone as a whole changes. */
export interface PresenceFacts {
  readonly phone: Phone
  readonly client: ClientId
  /** The process that the device comes to, or goes from. */
  readonly boot: string
  /** Where the device is noted as connected, though that process may be no more. */
  readonly noted: string | undefined
  /** It counts as connected until now. */
  readonly isConnected: boolean
  /** The other devices of the phone that are connected. */
  readonly others: readonly ConnectedDevice[]
  /** When the phone last came or went; 0 if never. */
  readonly update: number
  readonly told: ToldDepartures | undefined
  /** One for each roster; empty where the phone does not change. */
  readonly audiences: readonly RosterAudience[]
}

/** What the coming or going of a device changes, and whom that is told. */
export interface PresenceChange {
  readonly puts: readonly Put[]
  readonly sends: readonly Send[]
}

export interface PresenceMove {
  readonly move: 'arrives' | 'leaves'
  /** The process; this one, if it is left out. A device that leaves a process counts as connected to it, be that dead or not. */
  readonly boot?: string
}

/** Facts for the arrival or departure of `client`. The commit rests on the presence of the phone. */
export async function readPresenceFacts(
  facts: FactReader,
  phone: Phone,
  client: ClientId,
  { move, boot = facts.boot }: PresenceMove,
): Promise<PresenceFacts> {
  const { devices, update, told } = (await facts.get(presences, phone)) ?? { devices: [], update: 0 }
  const noted = devices.find((device) => device.client === client)?.boot
  const isConnected = noted !== undefined && (noted === boot || facts.isLive(noted))
  const others = devices.filter((device) => device.client !== client && facts.isLive(device.boot))
  const isChange = others.length === 0 && isConnected === (move === 'leaves')
  const audiences = isChange ? await readAudiences(facts, phone) : []
  return { phone, client, boot, noted, isConnected, others, update, told, audiences }
}

/** `client` has connected; nothing is pushed if it, or another device of the phone, was connected already, wherever that was. */
export function arrive(facts: PresenceFacts, now: number): PresenceChange {
  const { phone, client, boot, noted, isConnected, others } = facts
  if (isConnected && noted === boot) return unchanged
  const isFirst = !isConnected && others.length === 0
  const update = isFirst ? now : facts.update
  return {
    puts: [
      presences.put({ devices: [...others, { client, boot }], update, ...(facts.told && { told: facts.told }) }, phone),
      online.put({ phone }, boot, client),
      ...(noted === undefined || noted === boot ? [] : [online.remove(noted, client)]),
    ],
    sends: isFirst ? presencePushes(facts, 'online', update) : [],
  }
}

/** `client` is gone, from whichever process it was noted at; nothing is pushed while another device of the phone is connected. */
export function leave(facts: PresenceFacts, now: number): PresenceChange {
  const { phone, client, noted, isConnected, others } = facts
  if (noted === undefined || !isConnected) return unchanged
  const isLast = others.length === 0
  const told = isLast ? afterDeparture(facts.told, now) : facts.told
  const update = isLast ? now : facts.update
  return {
    puts: [presences.put({ devices: others, update, ...(told && { told }) }, phone), online.remove(noted, client)],
    sends: isLast ? presencePushes(facts, 'offline', update) : [],
  }
}

const unchanged: PresenceChange = { puts: [], sends: [] }

/** For each roster to those connected now. @see docs/protocol/rpc.md 7 */
function presencePushes({ audiences }: PresenceFacts, presence: 'online' | 'offline', update: number): readonly Send[] {
  return audiences.flatMap(({ phoneId, ac, muc }) => {
    const payload = { kind: 'record', record: partialContact(phoneId, { presence, update }) } as const
    return [
      { to: 'connected', topic: acTopic(phoneId), phones: ac, payload } as const,
      { to: 'connected', topic: mucTopic(phoneId), phones: muc, payload } as const,
    ].filter(({ phones }) => phones.length > 0)
  })
}

async function readAudiences(facts: FactReader, phone: Phone): Promise<readonly RosterAudience[]> {
  const profile = await facts.peek(profiles, phone)
  if (profile === undefined) return []
  return Promise.all(rosterIds(phone, profile).map((phoneId) => readRosterAudience(facts, phoneId)))
}
