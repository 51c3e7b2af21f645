import { StoreOutage } from '../../../store/contract.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import type { Counts } from './counts.js'

/** Logs and counts what should not have been thrown. A store that does not serve is no fault of ours, and told by whoever watches it. */
export function tellFault(fault: unknown, counts: Counts, post: (message: ControlToMain) => void): void {
  if (fault instanceof StoreOutage) {
    post({ kind: 'log', level: 'debug', fields: { because: fault.message }, text: 'put off: the store does not serve' })
    return
  }
  counts.fault()
  const err = fault instanceof Error ? { message: fault.message, stack: fault.stack } : { message: String(fault) }
  post({ kind: 'log', level: 'error', fields: { err }, text: 'fault' })
}
