import type { OnPublish } from './connection.js'
import { decodeTerm, type Term } from './term.js'
import { within } from './within.js'

export interface Mail {
  readonly topic: string
  readonly term: Term
}

/** What a connection received while a scenario is being set up: kept until somebody waits for it. */
export interface Mailbox {
  readonly onPublish: OnPublish
  /** Takes the first mail that fits, having dropped what came before it. */
  readonly take: (what: string, fits: (mail: Mail) => boolean) => Promise<Mail>
}

const patienceMs = 60_000

export function createMailbox(): Mailbox {
  let mails: Mail[] = []
  let look: () => void = () => undefined
  return {
    onPublish: (bytes, topicAt, topicEnd, payloadAt, end) => {
      const topic = bytes.toString('latin1', topicAt, topicEnd)
      mails.push({ topic, term: decodeTerm(Buffer.from(bytes.subarray(payloadAt, end))) })
      look()
    },
    take: (what, fits) => {
      const found = new Promise<Mail>((resolve) => {
        look = () => {
          const index = mails.findIndex(fits)
          const mail = mails[index]
          if (mail === undefined) return
          mails = mails.slice(index + 1)
          look = () => undefined
          resolve(mail)
        }
        look()
      })
      return within(patienceMs, what, found).catch((error: unknown) => {
        throw new Error(`${what}; received instead: ${JSON.stringify(mails).slice(0, 500)}`, { cause: error })
      })
    },
  }
}
