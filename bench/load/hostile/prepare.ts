import { befriend, logInAll } from '../community.js'
import { logIn, request, requestTopic, type Account, type Device } from '../device.js'
import { inParallel } from '../parallel.js'
import { publishTemplate } from '../mqtt-packets.js'
import { friend, ftp, p2pFeed, textMessage } from '../requests.js'
import { field, recordName } from '../term.js'
import { type Attack, needsAcquaintance } from './attack.js'
import { attackOf, victimOf } from './crowd.js'

/** What hostile clients have got ready before they begin, as any account may: friends, long chats, a file. */

export interface Prepared {
  readonly port: number
  readonly accounts: readonly Account[]
  readonly attacks: readonly Attack[]
  /** Connected; those with whom the hostile are to be acquainted. */
  readonly acquainted: readonly Device[]
  /** How many of the longest texts a long chat has: two of the chats, and all others. */
  readonly texts: { readonly longest: number; readonly usual: number }
}

const parallel = 8
/** As long as a text may be. */
const textBytes = 16_384

export async function prepareHostility({ port, accounts, attacks, acquainted, texts }: Prepared): Promise<void> {
  const all = accounts.map((account, index) => ({ account, index, attack: attackOf(index, attacks) }))
  // One after the other: a victim is waited for in one place at a time.
  const friends = all.filter(({ attack }) => needsAcquaintance(attack))
  await inParallel('friends of the hostile', friends, 1, async ({ account, index, attack }) => {
    const [device, victim] = [await logIn(port, account), victimOf(index, acquainted)]
    await befriend(device, victim)
    if (attack.needs === 'a ban') await request(victim, friend(victim.account.phoneId, account.phoneId, 'ban'))
    await device.connection.close()
  })
  const talkative = all.filter(({ attack }) => attack.needs === 'a long chat')
  await inParallel('long chats', talkative, parallel, ({ account }, index) =>
    fillChat(port, account, index < 2 ? texts.longest : texts.usual),
  )
}

/** Long texts to oneself. */
async function fillChat(port: number, account: Account, count: number): Promise<void> {
  const [device] = await logInAll(port, [account])
  if (device === undefined) throw new Error('one account is one device')
  const { phoneId } = account
  const feed = p2pFeed(phoneId, phoneId)
  for (let number = 0; number < count; number++) {
    const text = String(number).padEnd(textBytes, '.')
    device.connection.publish(
      publishTemplate(requestTopic, textMessage({ feed, msgId: `long-${number}`, from: phoneId, to: phoneId, text })),
    )
    if (number % 16 === 15) await device.connection.acknowledged()
    device.mailbox.clear()
  }
  await device.connection.acknowledged()
  await device.connection.close()
}

/** Sends a file through the requests of a device. @returns the path it is fetched by */
export async function uploadFile({ connection, mailbox }: Device, bytes: number): Promise<string> {
  const id = 'hostile'
  const ask = async (fields: Omit<Parameters<typeof ftp>[0], 'id'>) => {
    connection.publish(publishTemplate(requestTopic, ftp({ id, ...fields })))
    const [mail] = await mailbox.take(`an answer to ${fields.status}`, ({ term }) => recordName(term) === 'ftpack')
    return {
      url: field(mail?.term, 4),
      offset: Number(field(mail?.term, 6)),
      block: Number(field(mail?.term, 7)),
      status: field(mail?.term, 9),
    }
  }
  let ack = await ask({ status: 'init', filename: 'large.bin', size: bytes })
  while (ack.block > 0) {
    const data = Buffer.alloc(Math.min(ack.block, bytes - ack.offset), 'f')
    ack = await ask({ status: 'send', offset: ack.offset, data })
  }
  if (typeof ack.url !== 'string') throw new Error(`the file was not taken: ${JSON.stringify(ack)}`)
  return new URL(ack.url).pathname
}
