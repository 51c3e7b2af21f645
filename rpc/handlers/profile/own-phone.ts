import { parsePhone, type Phone } from '../../../topics/index.js'
import type { Caller } from '../../request.js'

/** The phone a request is about: own or left out; a service names any. Undefined if the caller may not ask for it. @see docs/protocol/rpc.md 6 */
export function findPhone({ client }: Caller, phone: string | null): Phone | undefined {
  if (client.kind === 'device') return phone === null || phone === client.phone ? client.phone : undefined
  return client.kind === 'service' ? parsePhone(phone ?? '') : undefined
}
