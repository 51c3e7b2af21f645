import { type AnyRecord, channelReasons } from '../../protocol/index.js'
import { requestOf } from '../../rpc/dispatcher.js'
import type { Outcome } from '../../rpc/outcome.js'
import { refusals } from '../../rpc/refusals.js'

/** Codes with which any request may be refused before it comes to its handler, or because something is down. */
const general: readonly string[] = ['invalid_data', 'not_authorized', 'unavailable']
const channels: Readonly<Record<string, { readonly v1: string } | undefined>> = channelReasons

/** The codes that the table of refusals lists for a request; one of links and channels is another for who is told by `io`. */
export function knownCodes(name: string): readonly string[] {
  const own = refusals[name] ?? []
  return [...general, ...own, ...own.flatMap((code) => channels[code]?.v1 ?? [])]
}

/** The outcome. @throws if it is a refusal that the table does not list for that request */
export function checkRefusal(asked: AnyRecord, outcome: Outcome): Outcome {
  const name = `${asked.tag}/${requestOf(asked)}`
  if (outcome.kind === 'refused' && !knownCodes(name).includes(outcome.code)) {
    throw new Error(`${name} is refused with ${outcome.code}, which rpc/refusals.ts does not list: npm run docs`)
  }
  return outcome
}
