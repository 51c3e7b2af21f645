import { readdirSync } from 'node:fs'
import { basename, extname } from 'node:path'
import {
  type AnyRecord,
  type Contact,
  parsePhone,
  parsePhoneId,
  type Phone,
  phoneIdOf,
  type PhoneId,
  phoneOf,
  record,
  type Roster,
} from '../protocol/index.js'
import { type Account, accountFolder, readAccount } from './account-file.js'
import { Complaint, exitCodes } from './complaint.js'
import type { Device } from './device.js'
import { explain, refusedBecause } from './explain.js'

/** How one stands with somebody. */
export type Standing = 'friend' | 'asked' | 'asks' | 'barred' | 'none'

/** The contacts of the account's roster, as they came with the connection. */
export function contactsOf({ profile }: Pick<Device, 'profile'>, { rosterId }: Account): readonly Contact[] {
  const rosters = (profile?.rosters ?? []).filter((roster): roster is Roster => typeof roster === 'object')
  const own = rosters.find(({ id }) => Number(id) === rosterId)
  return (own?.userlist ?? []).filter((contact): contact is Contact => typeof contact === 'object')
}

/** What the status of a Contact says of the friendship; undefined if it says nothing. @see docs/protocol/rpc.md 9 */
export function standingOf(status: Contact['status']): Standing | undefined {
  switch (status) {
    case 'friend':
    case 'unbanned':
    case 'muted':
    case 'unmuted':
      return 'friend'
    case 'request':
      return 'asked'
    case 'authorization':
    case 'ignore':
      return 'asks'
    case 'ban':
    case 'banned':
    case 'banned_by':
      return 'barred'
    case 'revoke':
    case 'deleted':
    case 'remove':
    case 'internal':
    case 'not_existence':
    case 'unbanned_stranger':
      return 'none'
    case 'last_msg':
    case null:
      return undefined
  }
}

/** What a person is called: the names they gave, else their phone. */
export function nameOf(contact: Contact | undefined, phoneId: PhoneId): string {
  const given = [contact?.names, contact?.surnames].filter((name) => typeof name === 'string' && name !== '').join(' ')
  return given === '' ? phoneOf(phoneId) : given
}

/**
 * The phone_id of whom the person means: a phone_id itself, or the phone of a contact, of another profile on this machine, or of somebody
 * the server's search finds.
 * @throws Complaint if nobody is found
 */
export async function findPerson(text: string, device: Device, account: Account): Promise<PhoneId> {
  const asPhoneId = parsePhoneId(text.replace(/^\+/, ''))
  if (asPhoneId !== undefined) return asPhoneId
  const phone = parsePhone(text.replace(/^\+/, ''))
  if (phone === undefined) throw new Complaint(exitCodes.usage, `${text} is neither a phone number nor a phone_id such as 9991001_1`)
  const known = contactsOf(device, account).map(({ phone_id }) => parsePhoneId(phone_id ?? ''))
  const found =
    [...known, ...localPhoneIds()].find((id) => id !== undefined && phoneOf(id) === phone) ?? (await search(phone, device, account))
  if (found === undefined) {
    const advice = `They do it with: nynja register ${phone} (on this machine with a --profile of their own). Then try again`
    throw new Complaint(exitCodes.refused, `Nobody has registered ${phone} here yet, or they have banned you. ${advice}`)
  }
  return found
}

/** The people registered on this machine: two terminals can be two people. A file that cannot be used names nobody. */
function localPhoneIds(): readonly PhoneId[] {
  return readdirSync(accountFolder()).flatMap((name) => {
    if (extname(name) !== '.json') return []
    try {
      return readAccount(basename(name, '.json'))?.phoneId ?? []
    } catch (error) {
      if (error instanceof Complaint) return []
      throw error
    }
  })
}

async function search(phone: Phone, device: Device, { rosterId }: Account): Promise<PhoneId | undefined> {
  const asked = record('Search', { id: rosterId, ref: 'phone', field: 'phone', type: '==', value: [phone], status: 'contact' })
  const reply = await device.ask(asked, (one) => foundIn(one) !== undefined)
  const [found] = reply.kind === 'answer' ? (foundIn(reply.record)?.userlist ?? []) : []
  return typeof found === 'object' ? parsePhoneId(found.phone_id ?? '') : found === undefined ? undefined : phoneIdOf(phone, found)
}

function foundIn(received: AnyRecord): Roster | undefined {
  const { data } = received.tag === 'io' ? received : { data: null }
  return data !== null && typeof data === 'object' && 'tag' in data && data.tag === 'Roster' ? data : undefined
}

/**
 * One step towards friendship: asks a stranger, accepts whoever asks.
 * @returns how they stand then
 * @throws Complaint if the server refuses
 */
export async function approach(standing: Standing, friend: PhoneId, device: Device, { phoneId }: Account): Promise<Standing> {
  if (standing !== 'none' && standing !== 'asks') return standing
  const status = standing === 'none' ? 'request' : 'confirm'
  let after: Standing | undefined
  const reply = await device.ask(record('Friend', { phone_id: phoneId, friend_id: friend, status }), (one) => {
    if (one.tag !== 'Contact' || one.phone_id !== friend) return false
    after = standingOf(one.status)
    return after !== undefined
  })
  if (reply.kind === 'refusal') {
    if (reply.code === 'contact_not_found') {
      throw new Complaint(exitCodes.refused, `Refused: ${friend}: ${explain(reply, 'befriend')}`)
    }
    throw refusedBecause(reply, 'befriend')
  }
  return after ?? standing
}
