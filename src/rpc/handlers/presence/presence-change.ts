import type { Put } from '../../../store/contract.js'
import { acTopic, type ClientId, mucTopic, type Phone } from '../../../topics/index.js'
import { type PresenceDocument, presences, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { Send } from '../../outcome.js'
import { partialContact } from '../../views/contact-view.js'
import { type RosterAudience, readRosterAudience } from '../../views/presence-audience.js'
import { rosterIds } from '../../views/profile-view.js'

/** Who of a phone is connected before a connection opens or closes, and who is to learn of it if the phone as a whole changes. */
export interface PresenceFacts {
  readonly phone: Phone
  /** Connected devices as of the present start of the server. */
  readonly clients: readonly ClientId[]
  /** When the phone last came or went; 0 if never. */
  readonly update: number
  readonly boot: string
  /** One for each roster; empty where the phone does not change. */
  readonly audiences: readonly RosterAudience[]
}

/** Facts for the arrival or departure of `client`. The commit rests on the presence of the phone. */
export async function readPresenceFacts(
  facts: FactReader,
  phone: Phone,
  client: ClientId,
  move: 'arrives' | 'leaves',
): Promise<PresenceFacts> {
  const stored = await facts.get(presences, phone)
  const clients = stored?.boot === facts.boot ? stored.clients : []
  const isChange = move === 'arrives' ? clients.length === 0 : clients.length === 1 && clients[0] === client
  const audiences = isChange ? await readAudiences(facts, phone) : []
  return { phone, clients, update: stored?.update ?? 0, boot: facts.boot, audiences }
}

/** The presence of a phone once `client` has connected; the same if it was connected already (a takeover). */
export function arrive({ clients, update, boot }: PresenceFacts, client: ClientId, now: number): PresenceDocument {
  if (clients.length === 0) return { boot, clients: [client], update: now }
  return { boot, clients: clients.includes(client) ? clients : [...clients, client], update }
}

/** The presence of a phone once `client` is gone. */
export function leave({ clients, update, boot }: PresenceFacts, client: ClientId, now: number): PresenceDocument {
  if (!clients.includes(client)) return { boot, clients, update }
  const left = clients.filter((other) => other !== client)
  return { boot, clients: left, update: left.length === 0 ? now : update }
}

/**
 * Pushes of a change of the phone's presence, for each roster to those connected now; none where the phone as a whole has not changed.
 * @see docs/protocol/rpc.md 7
 */
export function presencePushes({ clients, audiences }: PresenceFacts, after: PresenceDocument): readonly Send[] {
  const isOnline = after.clients.length > 0
  if (isOnline === clients.length > 0) return []
  return audiences.flatMap(({ phoneId, ac, muc }) => {
    const contact = partialContact(phoneId, { presence: isOnline ? 'online' : 'offline', update: after.update })
    const payload = { kind: 'record', record: contact } as const
    return [
      { to: 'connected', topic: acTopic(phoneId), phones: ac, payload } as const,
      { to: 'connected', topic: mucTopic(phoneId), phones: muc, payload } as const,
    ].filter(({ phones }) => phones.length > 0)
  })
}

/** Stores the presence where it is not what is stored already. */
export function presencePut(before: PresenceFacts, after: PresenceDocument): readonly Put[] {
  return after.clients === before.clients ? [] : [presences.put(after, before.phone)]
}

async function readAudiences(facts: FactReader, phone: Phone): Promise<readonly RosterAudience[]> {
  const profile = await facts.peek(profiles, phone)
  if (profile === undefined) return []
  return Promise.all(rosterIds(phone, profile).map((phoneId) => readRosterAudience(facts, phoneId)))
}
