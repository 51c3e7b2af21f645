import { phoneOf } from '../protocol/index.js'
import { Complaint, exitCodes } from './complaint.js'
import { refusedBecause } from './explain.js'
import { approach, contactsOf, findPerson, standingOf } from './friends.js'
import { openProfileDevice, type ProfileChoice } from './profile-device.js'
import { newDraft, sendDraft } from './text-message.js'

/**
 * Sends one message to a friend and waits until it is stored.
 * @param say told what is done on the way
 * @throws Complaint if they are no friend yet (a request is then under way), or the server refuses
 */
export async function send(to: string, text: string, choice: ProfileChoice, say: (line: string) => void): Promise<void> {
  const { device, account, close } = await openProfileDevice({ ...choice, isPersistent: false })
  try {
    const friend = await findPerson(to, device, account)
    const contact = contactsOf(device, account).find(({ phone_id }) => phone_id === friend)
    const before = friend === account.phoneId ? 'friend' : (standingOf(contact?.status ?? null) ?? 'none')
    const after = await approach(before, friend, device, account)
    if (before === 'none') say(`You are not friends with ${friend} yet: a request has been sent.`)
    if (before === 'asks') say(`Accepted the request of ${friend}.`)
    if (after === 'asked') {
      const advice = `They accept it with: nynja chat ${phoneOf(account.phoneId)}. Then send again.`
      throw new Complaint(exitCodes.refused, `Not sent: ${friend} has not accepted your request yet. ${advice}`)
    }
    const reply = await sendDraft(newDraft(text), device, account.phoneId, friend)
    if (reply.kind === 'refusal') throw refusedBecause(reply, 'message')
    say(`Stored as message ${reply.record.tag === 'Message' ? String(reply.record.id) : ''}.`)
  } finally {
    await close()
  }
}
