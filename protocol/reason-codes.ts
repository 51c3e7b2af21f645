import type { Dialect } from './records.js'

interface Reason {
  readonly meaning: string
  /** What a v11 device is told in its place, where v11 has another atom. */
  readonly v11: string | null
}

const reason = (meaning: string, v11: string | null = null): Reason => ({ meaning, v11 })

/**
 * Why a request is refused: the one table of codes, as canonical records carry them in `error`. A code is never reused for another
 * meaning. Source: rpc.md 1.6, the pair answers of rpc.md 9, and our own `unavailable` and `internal`.
 */
export const reasons = {
  invalid_data: reason('Malformed request, wrong type, limit broken, or state makes it meaningless.'),
  not_authorized: reason('Not logged in, not own, or no right.', 'permission_denied'),
  invalid_version: reason('The version of the will topic is unsupported.'),
  session_not_found: reason('No pending registration, or it is older than 10 minutes.'),
  mismatch_user_data: reason('client_id, dev_key or phone differ from the stored session.'),
  invalid_sms_code: reason('Wrong code from the SMS or call.'),
  invalid_jwt_code: reason('Wrong answer to the challenge.'),
  attempts_expired: reason('Too many tries; Data is after how many seconds trying again may succeed, 0: at once, from the beginning.'),
  wrong_code: reason('Wrong e-mail or migration code.'),
  sms_send: reason('The code could not be sent.'),
  profile_not_found: reason('No such profile.'),
  roster_not_found: reason('No such roster, or not an own one.'),
  contact_not_found: reason('No such contact on this side.'),
  contacts_not_found: reason('None of the contacts exists.'),
  room_not_found: reason('No such room, or one the caller must not know.'),
  not_found: reason('Message, tag, star or own object absent.'),
  nick: reason('The nick is taken.'),
  invalid_nick: reason('The nick is malformed.'),
  aws: reason('Credentials could not be made.'),
  unavailable: reason('A dependency is down, late or full; nothing was changed, try again.'),
  internal: reason('A fault of ours; nothing was changed.'),
} as const

/** The code of a refusal, in the canonical form. */
export type ErrorCode = keyof typeof reasons

/**
 * Codes of the v11 record `errors`, by which links and channels are refused (rpc.md 3, records.json). v1 devices are told the atom
 * under `v1`.
 */
export const channelReasons = {
  GIE1: { meaning: 'Invalid data.', v1: 'invalid_data' },
  GIE2: { meaning: 'Permission denied.', v1: 'not_authorized' },
  RCHIE1: { meaning: 'The channel exists.', v1: 'invalid_data' },
  RCHIE2: { meaning: 'No such channel.', v1: 'room_not_found' },
  LNKIE1: { meaning: 'The link is malformed.', v1: 'invalid_data' },
  LNKIE2: { meaning: 'The link is taken.', v1: 'invalid_data' },
  LNKIE3: { meaning: 'The channel has three links already.', v1: 'invalid_data' },
  LNKIE4: { meaning: 'No such link.', v1: 'not_found' },
  MMBRIE1: { meaning: 'No such member.', v1: 'contacts_not_found' },
} as const satisfies Record<string, { readonly meaning: string; readonly v1: ErrorCode }>

/** The code of a refusal of a link or channel. */
export type ChannelErrorCode = keyof typeof channelReasons

/** The atom under which a device is told the code; an atom that is not in the table is told as it is. */
export function wireReason(code: string, dialect: Dialect): string {
  if (dialect === 'v1') return code
  const known: Readonly<Record<string, Reason | undefined>> = reasons
  return known[code]?.v11 ?? code
}

/** The canonical code of an atom that a server of that dialect sent. */
export function canonicalReason(atom: string): string {
  for (const [code, { v11 }] of Object.entries(reasons)) if (v11 === atom) return code
  return atom
}
