import type { OnPublish } from './connection.js'
import { decodeTerm, type Term } from './term.js'
import { within } from './within.js'

export interface Mail {
  readonly topic: string
  readonly term: Term
}

export type Fits = (mail: Mail) => boolean

/** What a connection received while a scenario is being set up: kept, undecoded, until somebody waits for it. */
export interface Mailbox {
  readonly onPublish: OnPublish
  /** Waits for one mail for each of `wanted`, in any order; drops what comes in between. */
  readonly take: (what: string, ...wanted: readonly Fits[]) => Promise<readonly Mail[]>
  readonly clear: () => void
}

interface Waiting {
  readonly wanted: Fits[]
  readonly taken: Mail[]
  readonly resolve: (mails: readonly Mail[]) => void
}

const patienceMs = 60_000

export function createMailbox(): Mailbox {
  let kept: { readonly topic: string; readonly payload: Buffer }[] = []
  let waiting: Waiting | undefined
  let lastDropped = ''

  const look = (): void => {
    while (waiting !== undefined) {
      const next = kept.shift()
      if (next === undefined) return
      const mail = { topic: next.topic, term: decodeTerm(next.payload) }
      const index = waiting.wanted.findIndex((fits) => fits(mail))
      if (index < 0) {
        lastDropped = JSON.stringify(mail).slice(0, 400)
        continue
      }
      waiting.taken.push(mail)
      waiting.wanted.splice(index, 1)
      if (waiting.wanted.length > 0) continue
      waiting.resolve(waiting.taken)
      waiting = undefined
    }
  }

  return {
    onPublish: (bytes, topicAt, topicEnd, payloadAt, end) => {
      kept.push({ topic: bytes.toString('latin1', topicAt, topicEnd), payload: Buffer.from(bytes.subarray(payloadAt, end)) })
      look()
    },
    take: (what, ...wanted) => {
      const taken = new Promise<readonly Mail[]>((resolve) => {
        waiting = { wanted: [...wanted], taken: [], resolve }
        look()
      })
      return within(patienceMs, what, taken).catch((error: unknown) => {
        throw new Error(`${what} did not come; the last mail was ${lastDropped}`, { cause: error })
      })
    },
    clear: () => {
      kept = []
    },
  }
}
