import { type Io, ok2, pair } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import type { RpcLimits } from '../../context.js'
import { type SessionDocument, tokenHolders } from '../../documents/index.js'
import { storedToken } from '../../tokens.js'
import { tokenUsed } from './credentials.js'

/** A session after its device has shown a token, and the new token to tell it of, if any. */
export interface UsedSession {
  readonly session: SessionDocument
  readonly renewed: string | null
}

/**
 * The first use of a renewed token makes it the token of the session and voids the old one; a token past its life is joined by a renewed
 * one. The old one stays valid until then, so that a lost answer locks nobody out.
 * @param newToken is used only if a token has to be issued
 * @see docs/protocol/rpc.md 4, Auth/login
 */
export function useToken(
  stored: SessionDocument,
  token: string,
  { newToken, now, limits }: { readonly newToken: string; readonly now: number; readonly limits: RpcLimits },
): UsedSession {
  const isRenewalUsed = stored.renewal !== null && tokenUsed(stored, token) === 'renewal'
  const session = isRenewalUsed ? { ...stored, token: stored.renewal, renewal: null } : stored
  if (now - session.token.issued < limits.tokenLifeMs) return { session, renewed: null }
  return { session: { ...session, renewal: storedToken(newToken, now) }, renewed: newToken }
}

/** The rows by which the device of a session is found from its tokens alone. */
export function holderPuts({ token, renewal }: SessionDocument, client: ClientId): readonly Put[] {
  return [token, ...(renewal === null ? [] : [renewal])].map(({ hash, issued }) => tokenHolders.put({ client, issued }, hash))
}

/** Tells a device its client id and token. */
export function loginAnswer(client: ClientId, token: string): Io {
  return ok2('login', pair(client, token))
}
