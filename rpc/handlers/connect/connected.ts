import type { DeviceClient } from '../../../acl/index.js'
import { err, type Profile, record } from '../../../protocol/index.js'
import type { RpcContext } from '../../context.js'
import { type SessionDocument, sessions, tokenHolders } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, drop, type Outcome } from '../../outcome.js'
import type { Caller } from '../../request.js'
import { newToken } from '../../tokens.js'
import { readProfile } from '../../views/profile-view.js'
import { arrive, type PresenceFacts, readPresenceFacts } from '../presence/presence-change.js'
import { holderPuts, loginAnswer, useToken } from './session-use.js'

/** A connection whose CONNACK has been sent. */
export interface ConnectedEvent {
  readonly caller: Caller
  /** The version its will names is spoken here. */
  readonly isVersionSupported: boolean
  readonly now: number
  readonly context: RpcContext
}

/** Facts for the arrival of a device; null for everyone else. */
export type ConnectedFacts = {
  readonly session: SessionDocument | undefined
  readonly profile: Profile | undefined
  readonly presence: PresenceFacts
  readonly newToken: string
  /** The token of the session leads to the device. */
  readonly isTokenKnown: boolean
} | null

/**
 * What follows CONNACK. Told to the caller, before anything it is still owed: vnode_max, a renewed token if there is one, the Profile. Told
 * to friends and fellow members: `online`, if this is the first device of the phone. Stored: the use of the token, the dialect, who is
 * connected. The answers belong to the connection and enter no inbox: the next CONNECT makes new ones.
 * @see docs/protocol/rpc.md 2, 4 (Auth/login) and 7; docs/protocol/flows.md 1 and 4
 */
export const connected = {
  async read({ caller, isVersionSupported, context }: ConnectedEvent, facts: FactReader): Promise<ConnectedFacts> {
    const { client } = caller
    if (client.kind !== 'device' || !isVersionSupported) return null
    const [session, profile, presence] = await Promise.all([
      facts.get(sessions, client.clientId),
      readProfile(facts, client.phone, { presence: 'online', status: 'init' }),
      readPresenceFacts(facts, client.phone, client.clientId, { move: 'arrives' }),
    ])
    const holder = session && (await facts.peek(tokenHolders, session.token.hash))
    return { session, profile, presence, newToken: newToken(context.random), isTokenKnown: holder !== undefined }
  },

  decide(event: ConnectedEvent, facts: ConnectedFacts): Outcome {
    const { caller, isVersionSupported, context } = event
    const { client } = caller
    if (!isVersionSupported) return refuseVersion(event)
    const nodes = answer(record('vnode_max', { node: context.nodeCount }))
    if (client.kind !== 'device' || facts === null) return accept({ sends: [nodes] })
    if (facts.session?.phone !== client.phone) return disconnectStranger(event)
    const { session, renewed } = useSession(event, client, facts.session, facts.newToken)
    const holder = renewed === null && facts.isTokenKnown ? [] : holderPuts(session, client.clientId)
    const presence = arrive(facts.presence, event.now)
    return accept({
      puts: [sessions.put(session, client.clientId), ...holder, ...presence.puts],
      sends: [
        nodes,
        ...(renewed === null ? [] : [answer(loginAnswer(client.clientId, renewed))]),
        ...(facts.profile === undefined ? [] : [answer(facts.profile)]),
        ...presence.sends,
      ],
    })
  },
}

/** What a device is told of its arrival while nothing can be stored: who it is, but no token that nobody would know again. */
export function greetUnstored({ isVersionSupported, context }: ConnectedEvent, facts: ConnectedFacts): Outcome {
  if (!isVersionSupported || facts === null) return drop('nothing can be stored')
  const nodes = answer(record('vnode_max', { node: context.nodeCount }))
  return accept({ sends: [nodes, ...(facts.profile === undefined ? [] : [answer(facts.profile)])] })
}

function useSession({ caller, now, context }: ConnectedEvent, { phone }: DeviceClient, stored: SessionDocument, token: string) {
  const used = useToken(stored, caller.token ?? '', { newToken: token, now, limits: context.limits })
  return { ...used, session: { ...used.session, phone, lastOnline: now, dialect: caller.dialect } }
}

function refuseVersion({ caller }: ConnectedEvent): Outcome {
  return accept({
    sends: [answer(err('invalid_version'))],
    effects: [{ kind: 'disconnect', client: caller.client.clientId, because: 'its version of the protocol is not supported' }],
  })
}

/** Logged out between CONNECT and now, perhaps with the same client id registered for another phone. */
function disconnectStranger({ caller }: ConnectedEvent): Outcome {
  return accept({ effects: [{ kind: 'disconnect', client: caller.client.clientId, because: 'its session has ended' }] })
}
