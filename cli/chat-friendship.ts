import { type Chat, run } from './chat-state.js'
import { catchUp, sendOutbox } from './chat-messages.js'
import { Complaint, exitCodes } from './complaint.js'
import { approach, type Standing } from './friends.js'

/** Brings the chat to where its standing allows: asks a stranger, accepts whoever asks, greets a friend with the history. */
export async function befriend(chat: Chat): Promise<void> {
  if (chat.isApproaching) return
  chat.isApproaching = true
  try {
    const before = chat.standing
    const after = await approach(before, chat.friend, chat.device, chat.account)
    // What has been pushed meanwhile is newer than the answer.
    if (chat.standing === before) changeStanding(chat, after)
    if (before === 'none' && chat.standing === 'asked')
      chat.screen.line(`* You have asked ${chat.name} to be friends; what you type is sent when they accept.`)
    if (before === 'asked' && chat.standing === 'asked')
      chat.screen.line(`* ${chat.name} has not accepted your request yet; what you type is sent then.`)
  } finally {
    chat.isApproaching = false
  }
}

/** The friendship has changed, or is known for the first time. */
export function changeStanding(chat: Chat, standing: Standing): void {
  const before = chat.standing
  if (before === standing && standing !== 'friend') return
  chat.standing = standing
  switch (standing) {
    case 'friend':
      if (before !== 'friend') chat.screen.line(`* You and ${chat.name} are friends now.`)
      return
    case 'asks':
      run(
        chat,
        befriend(chat).then(() => open(chat)),
      )
      return
    case 'barred':
      chat.leave(new Complaint(exitCodes.refused, `Refused: ${chat.friend} has banned you, or you them.`))
      return
    case 'none':
      chat.screen.line(`* ${chat.name} is no friend of yours any more; leave and chat again to ask.`)
      return
    case 'asked':
  }
}

/** Shows what was said, and sends what waits. */
export async function open(chat: Chat): Promise<void> {
  if (chat.standing !== 'friend') return
  await catchUp(chat, chat.newest === 0 ? chat.lastRead : chat.newest)
  await sendOutbox(chat)
}
