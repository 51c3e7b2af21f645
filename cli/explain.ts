import { Complaint, exitCodes } from './complaint.js'
import type { Refused } from './device.js'
import { reasons } from '../protocol/index.js'

/** What was being done when the server refused; the same code means different things to a person. */
export type Deed = 'register' | 'verify' | 'name' | 'befriend' | 'message' | 'history'

const inWords: Readonly<Record<Deed, Readonly<Record<string, string>>>> = {
  register: {
    sms_send: 'the server could not send the code; look at its log, or try again later',
    invalid_data: 'the server takes no such number; write it with its country code, 5 to 15 digits',
  },
  verify: {
    invalid_sms_code: 'the code is wrong; register again',
    session_not_found: 'the code is older than 10 minutes; register again',
    mismatch_user_data: 'another registration took this one over; register again',
  },
  name: {
    invalid_data:
      'a first name has 2 to 32 characters, a surname 1 to 32; the account is there without one, register again with another name',
  },
  befriend: {
    contact_not_found: 'nobody is registered under that phone_id',
    contacts_not_found: 'there is no request of theirs to accept any more',
    not_authorized: 'they have banned you',
    invalid_data: 'a request is under way already, or it would be one to yourself',
  },
  message: {
    not_authorized: 'you are not friends, or one of you has banned the other',
    invalid_data: 'the text is empty, or longer than 16384 bytes',
  },
  history: { not_authorized: 'this is not a chat of yours' },
}

/** What the server lacks while it can store nothing, by the data of the refusal. @see docs/protocol/rpc.md 1.2 */
const lacking: Readonly<Record<string, string>> = {
  disk: 'the server says that its disk is full',
  memory: 'the server says that its database has no memory left',
  replicas: 'the server says that its database lacks replicas',
  store: 'the server says that its database does not answer',
}

/** A refusal in words: what it means for what was being done, and its code. */
export function explain({ code, data }: Pick<Refused, 'code' | 'data'>, deed: Deed): string {
  const lack = code === 'unavailable' && typeof data === 'string' ? lacking[data] : undefined
  if (lack !== undefined) return `${lack}; nothing was stored, try again later (${code})`
  if (code === 'attempts_expired' && typeof data === 'number') {
    const remedy = data === 0 ? 'register again for another code' : `try again in ${inTime(data)}`
    return `too many tries, ${remedy} (${code})`
  }
  const known: Readonly<Record<string, { readonly meaning: string } | undefined>> = reasons
  return `${inWords[deed][code] ?? known[code]?.meaning ?? 'the server gives no reason we know'} (${code})`
}

/** The complaint about a refusal. */
export function refusedBecause(refused: Refused, deed: Deed): Complaint {
  return new Complaint(exitCodes.refused, `Refused: ${explain(refused, deed)}`)
}

function inTime(seconds: number): string {
  if (seconds === 1) return '1 second'
  return seconds < 120 ? `${String(seconds)} seconds` : `${String(Math.ceil(seconds / 60))} minutes`
}
