import type { Client } from './client.js'
import { allow, refuse, type RequestVerdict } from './verdict.js'

const registrationTypes: readonly string[] = ['reg', 'voice', 'resend', 'verify', 'login']
const serviceTags: readonly string[] = ['Message', 'Profile']

/**
 * Whether a kind of client may send a kind of request at all, before the request's own checks.
 * @param tag name of the record, as `Auth`
 * @param type the last field (for Auth the type), as `reg`; empty if it is not given
 * @see docs/protocol/rpc.md 1.2, point 2 and 4; docs/protocol/topics.md 12 and 15
 */
export function decideRequest(kind: Client['kind'], tag: string, type: string): RequestVerdict {
  if (tag === 'init') return allow('INIT is for any connection')
  switch (kind) {
    case 'device':
      return tag === 'Auth' && type === 'reg' ? refuse('invalid_data', 'a registered device does not register') : allow('authenticated')
    case 'registration':
      if (tag === 'Auth' && registrationTypes.includes(type)) return allow('a registration may register')
      return refuse('not_authorized', 'not authenticated')
    case 'anonymous':
      return refuse('not_authorized', 'not authenticated')
    case 'service':
      return serviceTags.includes(tag)
        ? allow('a service acts for every account')
        : refuse('not_authorized', 'services send Message and Profile only')
  }
}
