import { randomBytes, randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type Encoding, parsePhone, type Phone, phoneIdOf, record } from '../protocol/index.js'
import { type Account, readAccount, writeAccount } from './account-file.js'
import { Complaint, exitCodes } from './complaint.js'
import { connectDevice, type Device, loginIn, type Reply } from './device.js'
import { refusedBecause } from './explain.js'
import { lockProfile } from './profile-lock.js'

export interface RegisterOptions extends Encoding {
  readonly profile: string
  readonly server: string
  /** File of the certificates it is trusted by; kept with the account. */
  readonly ca?: string | undefined
  /** First name and surname, separated by a space. */
  readonly name: string | undefined
  readonly code: string | undefined
  /** Asked when the code has been sent, and again where it was mistyped. @returns undefined if nothing more will be typed */
  readonly askCode: (question: string) => Promise<string | undefined>
  readonly say: (line: string) => void
}

/** Makes this machine a device of the phone and stores the account. @throws Complaint with what to do */
export async function register(phoneText: string, options: RegisterOptions): Promise<void> {
  const phone = parsePhone(phoneText.replace(/^\+/, ''))
  if (phone === undefined) throw new Complaint(exitCodes.usage, `${phoneText} is no phone number: 5 to 15 digits with the country code`)
  const giveBack = lockProfile(options.profile)
  try {
    const identity = chooseIdentity(phone, options.profile)
    const login = await verifyPhone(phone, identity, options)
    await settleIn(phone, { ...identity, ...login }, options)
  } finally {
    giveBack()
  }
}

interface Identity {
  /** What follows the prefix of both client ids. */
  readonly suffix: string
  readonly devKey: string
}

/** A machine that registers again stays the same device; a profile never changes its phone. */
function chooseIdentity(phone: Phone, profile: string): Identity {
  const known = readAccount(profile)
  if (known === undefined) return { suffix: `cli${randomBytes(8).toString('hex')}`, devKey: randomUUID() }
  if (known.phone !== phone) {
    throw new Complaint(exitCodes.account, `Profile "${profile}" belongs to ${known.phone}. Choose another one: --profile <name>`)
  }
  return { suffix: known.clientId.slice('emqttd_'.length), devKey: known.devKey }
}

async function verifyPhone(
  phone: Phone,
  { suffix, devKey }: Identity,
  options: RegisterOptions,
): Promise<{ clientId: string; token: string }> {
  const client_id = `reg_${suffix}`
  const device = await connectDevice({ ...options, clientId: client_id, token: undefined, isPersistent: false })
  try {
    const mine = { client_id, dev_key: devKey, phone } as const
    const sent = await device.ask(record('Auth', { ...mine, type: 'reg', os: 'web' }), (one) => one.tag === 'io')
    if (sent.kind === 'refusal') throw refusedBecause(sent, 'register')
    const verify = (sms_code: string): Promise<Reply> =>
      device.ask(record('Auth', { ...mine, type: 'verify', sms_code }), (one) => loginIn(one) !== undefined)
    const verified = options.code === undefined ? await verifyTyped(phone, verify, options) : await verify(options.code)
    if (verified.kind === 'refusal') throw refusedBecause(verified, 'verify')
    const login = loginIn(verified.record)
    if (login === undefined) throw new Error('the answer to verify is a login')
    return login
  } finally {
    await device.close()
  }
}

/** Asks for the code until it is right, or the server takes no more of them. */
async function verifyTyped(phone: Phone, verify: (code: string) => Promise<Reply>, { askCode }: RegisterOptions): Promise<Reply> {
  let question = `The code that was sent to ${phone}: `
  for (;;) {
    const code = (await askCode(question))?.replace(/[\s-]/g, '')
    if (code === undefined || code === '') {
      throw new Complaint(exitCodes.usage, 'No code was given. Register again when you have it, or with --code.')
    }
    question = 'A code is made of digits. Once more: '
    // it would count as a wrong one
    if (!/^\d+$/.test(code)) continue
    const reply = await verify(code)
    if (reply.kind === 'answer' || reply.code !== 'invalid_sms_code') return reply
    question = 'That is not the code; after the fifth wrong one another has to be sent. Once more: '
  }
}

async function settleIn(phone: Phone, login: { clientId: string; token: string; devKey: string }, options: RegisterOptions): Promise<void> {
  const { server, ca, codec, dialect, profile, name, say } = options
  const trusted = ca === undefined ? {} : { ca: resolve(ca) }
  const device = await connectDevice({
    server,
    ...trusted,
    codec,
    dialect,
    clientId: login.clientId,
    token: login.token,
    isPersistent: false,
  })
  try {
    const rosterId = firstRoster(device)
    const phoneId = phoneIdOf(phone, rosterId)
    if (phoneId === undefined) throw new Error('a profile has rosters with ids')
    const account: Account = { server, ...trusted, phone, rosterId, phoneId, codec, dialect, ...login }
    const path = writeAccount(profile, account)
    say(`Registered ${phone} as ${phoneId}.`)
    say(`This machine's key is in ${path}: keep it to yourself.`)
    if (name !== undefined) await setName(device, rosterId, name)
  } finally {
    await device.close()
  }
}

function firstRoster({ profile }: Device): number {
  const [roster] = profile?.rosters ?? []
  const id = typeof roster === 'object' ? roster.id : roster
  return Number(id)
}

async function setName(device: Device, rosterId: number, name: string): Promise<void> {
  const [names, ...rest] = name.trim().split(/\s+/)
  const surnames = rest.length === 0 ? {} : { surnames: rest.join(' ') }
  const patch = record('Roster', { id: rosterId, names: names ?? '', ...surnames, status: 'patch' })
  const reply = await device.ask(patch, (one) => one.tag === 'Roster' && one.status === 'patch')
  if (reply.kind === 'refusal') throw refusedBecause(reply, 'name')
}
