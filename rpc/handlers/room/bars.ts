import { type Phone, type PhoneId, phoneOf, type RoomId } from '../../../topics/index.js'
import { barred } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { MemberRow } from '../../views/room-view.js'
import { maxBarred } from './closed-room.js'

/**
 * Bars from a room that bind an account: whichever roster was named, they hold for all it has and will have, also once it was removed and its
 * number registered anew. Whoever rests on the room rests on them, for every ban changes its stamp.
 * @param phone as it is filed, so that a number the account has left carries nothing
 * @see docs/decisions/0210-bans-follow-the-account.md
 */
export async function readBarsOf(facts: FactReader, room: RoomId, phone: Phone): Promise<readonly PhoneId[]> {
  const { keys } = await facts.page(barred, { parts: [room], begins: `${phone}_`, limit: maxBarred })
  return keys.map(([, phoneId]) => phoneId)
}

/** Those of a member list who belong to the accounts of these rosters. */
export function ofSameAccounts(list: readonly MemberRow[], phoneIds: readonly PhoneId[]): readonly MemberRow[] {
  const phones = new Set(phoneIds.map(phoneOf))
  return list.filter(({ phoneId }) => phones.has(phoneOf(phoneId)))
}
