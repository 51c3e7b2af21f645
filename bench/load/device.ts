import { Connection } from './connection.js'
import { createMailbox, type Mail, type Mailbox } from './mailbox.js'
import { publishTemplate } from './mqtt-packets.js'
import { authReg, authVerify, type RegistrationFields } from './requests.js'
import { atomName, field, recordName, type Term } from './term.js'

export const requestTopic = 'events/1//api/anon//'

/** What a phone keeps about itself. */
export interface Account {
  readonly clientId: string
  readonly token: string
  readonly phone: string
  readonly rosterId: number
  /** `<phone>_<roster id>` */
  readonly phoneId: string
}

/** A connected, logged-in device. */
export interface Device {
  readonly account: Account
  readonly connection: Connection
  readonly mailbox: Mailbox
}

/** Registers a new phone over the wire: flow 1 of the protocol, steps 1 to 9. */
export async function register(port: number, phone: string, code: string): Promise<Account> {
  const fields: RegistrationFields = { clientId: `reg_${phone}`, devKey: `DEV-${phone}`, phone }
  const mailbox = createMailbox()
  const connection = await Connection.open({
    port,
    clientId: fields.clientId,
    clean: true,
    will: 'version/1',
    onPublish: mailbox.onPublish,
  })
  connection.publish(publishTemplate(requestTopic, authReg(fields)))
  await mailbox.take(`sms_sent for ${phone}`, ({ term }) => isIo(term, 'ok', 'sms_sent'))
  connection.publish(publishTemplate(requestTopic, authVerify(fields, code)))
  const answers = await mailbox.take(`login of ${phone}`, ({ term }) => isIo(term, 'ok2', 'login'), isProfile)
  await connection.close()
  const [login, profile] = answers.map(({ term }) => term)
  const source = field(field(login, 1), 2)
  const rosterId = firstRosterId(profile)
  return { clientId: binary(field(source, 0)), token: binary(field(source, 1)), phone, rosterId, phoneId: `${phone}_${rosterId}` }
}

/** Connects as a registered device and waits for its Profile. */
export async function logIn(port: number, account: Account): Promise<Device> {
  const mailbox = createMailbox()
  const connection = await Connection.open({
    port,
    clientId: account.clientId,
    clean: false,
    password: account.token,
    will: 'version/1',
    onPublish: mailbox.onPublish,
  })
  await mailbox.take(`profile at login of ${account.clientId}`, isProfile)
  return { account, connection, mailbox }
}

/** Publishes a request and waits for its PUBACK; the answer is in the mailbox. */
export async function request({ connection }: Device, payload: Buffer): Promise<void> {
  connection.publish(publishTemplate(requestTopic, payload))
  await connection.acknowledged()
}

/** `{io,{Kind,Atom,…},…}` */
function isIo(term: Term, kind: string, name: string): boolean {
  const code = field(term, 1)
  return recordName(term) === 'io' && recordName(code) === kind && atomName(field(code, 1)) === name
}

function isProfile({ term }: Mail): boolean {
  return recordName(term) === 'Profile'
}

function firstRosterId(profile: Term | undefined): number {
  const rosters = field(profile, 3)
  const id = Array.isArray(rosters) ? field(rosters[0] as Term, 1) : []
  if (typeof id !== 'number') throw new Error(`no roster in ${JSON.stringify(profile)}`)
  return id
}

function binary(term: Term): string {
  if (typeof term !== 'string') throw new Error(`not a binary: ${JSON.stringify(term)}`)
  return term
}
