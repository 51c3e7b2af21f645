import type { ClientId } from '../../../topics/index.js'
import { msgIdLevel, type SessionDocument, sessions, type TransferDocument, transfers } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { Caller } from '../../request.js'

/** Where a transfer of the caller is stored, and what is stored there. */
export interface OwnTransfer {
  readonly level: string
  readonly transfer: TransferDocument | undefined
}

/**
 * The transfer that the caller has begun under an id. It belongs to the session that began it, not to the client id alone: that may have come
 * to another account, or to another owner of the number, who finds nothing there.
 * @see docs/decisions/0211-what-a-client-id-keeps.md
 */
export async function readOwnTransfer(facts: FactReader, { client, clientId }: Caller, id: string): Promise<OwnTransfer> {
  if (client.kind !== 'device') return { level: msgIdLevel(id), transfer: undefined }
  const session = await facts.peek(sessions, clientId)
  const level = msgIdLevel(`${client.phone}/${String(session?.created ?? 0)}/${id}`)
  const transfer = await facts.get(transfers, clientId, level)
  if (transfer !== undefined) return { level, transfer }
  return (await readUnmarked(facts, clientId, id, session)) ?? { level, transfer }
}

/** One of an earlier program, which stored them by the id alone. */
async function readUnmarked(
  facts: FactReader,
  clientId: ClientId,
  id: string,
  session: SessionDocument | undefined,
): Promise<OwnTransfer | undefined> {
  const level = msgIdLevel(id)
  const transfer = await facts.peek(transfers, clientId, level)
  if (transfer === undefined || !isOfSession(transfer, session)) return undefined
  return { level, transfer: await facts.get(transfers, clientId, level) }
}

/** Whether a transfer stored under the client id of this session was begun in it. */
export function isOfSession({ phone, begun }: TransferDocument, session: SessionDocument | undefined): boolean {
  return session !== undefined && session.phone === phone && begun >= session.created
}
