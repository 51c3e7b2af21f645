import { decideRequest } from '../acl/index.js'
import type { AnyRecord, Misfit } from '../protocol/index.js'
import type { FactReader } from './facts.js'
import { authHandlers } from './handlers/auth/index.js'
import { cdrHandlers } from './handlers/cdr.js'
import { friendHandlers } from './handlers/friend/index.js'
import { ftpHandlers } from './handlers/ftp/index.js'
import { historyHandlers } from './handlers/history/index.js'
import { initHandlers } from './handlers/init.js'
import { lifeHandlers } from './handlers/life/index.js'
import { locHandlers } from './handlers/loc.js'
import { jobHandlers } from './handlers/job/index.js'
import { linkHandlers } from './handlers/link/index.js'
import { memberHandlers } from './handlers/member.js'
import { messageHandlers } from './handlers/message/index.js'
import { personHandlers } from './handlers/person.js'
import { profileHandlers } from './handlers/profile/index.js'
import { roomHandlers } from './handlers/room/index.js'
import { rosterHandlers } from './handlers/roster.js'
import { searchHandlers } from './handlers/search/index.js'
import { starHandlers } from './handlers/star.js'
import { tagHandlers } from './handlers/tag.js'
import { typingHandlers } from './handlers/typing.js'
import { runRefusingMisfits } from './misfits.js'
import { type Outcome, refuse, type Refused } from './outcome.js'
import { readPresentClient } from './present-client.js'
import type { Handler, Request } from './request.js'

/** One request of the protocol: the record's name, and its status (Auth: its type; empty where the record has none). */
export interface Route {
  readonly tag: string
  readonly request: string
  readonly handler: Handler<AnyRecord, unknown>
}

/** Every request that is served, in the order of `rpc.md`. What is not here is answered `invalid_data`. */
export const routes: readonly Route[] = [
  ...initHandlers,
  ...authHandlers,
  ...personHandlers,
  ...profileHandlers,
  ...rosterHandlers,
  ...lifeHandlers,
  ...friendHandlers,
  ...messageHandlers,
  ...typingHandlers,
  ...historyHandlers,
  ...roomHandlers,
  ...memberHandlers,
  ...searchHandlers,
  ...tagHandlers,
  ...starHandlers,
  ...locHandlers,
  ...cdrHandlers,
  ...ftpHandlers,
  ...linkHandlers,
  ...jobHandlers,
]

const byName = new Map(routes.map((route) => [`${route.tag}/${route.request}`, route.handler]))

/** The request a record asks for: its status, or the type of an Auth. */
export function requestOf(record: AnyRecord): string {
  if (record.tag === 'Auth') return typeof record.type === 'string' ? record.type : ''
  // How a call ended is no request, nor whether somebody is online.
  if (record.tag === 'CDR' || record.tag === 'Presence') return ''
  return 'status' in record && typeof record.status === 'string' ? record.status : ''
}

/** `Friend/request`, for logs and metrics; of requests nobody serves only the record's name, which is one of ours. */
export function nameOf(record: AnyRecord): string {
  const name = `${record.tag}/${requestOf(record)}`
  return byName.has(name) ? name : record.tag
}

/**
 * Decides on one well-formed request.
 * @param misfits fields of the record whose values did not fit
 * @refuses `not_authorized` if this kind of client may not ask for it; `invalid_data` if nobody serves it, or if it uses one of `misfits`
 * @see docs/protocol/rpc.md 1.2
 */
export async function dispatch(request: Request, facts: FactReader, misfits: readonly Misfit[] = []): Promise<Outcome> {
  const handler = handlerOf(request)
  if ('kind' in handler) return handler
  const client = await readPresentClient(request.caller.client, facts)
  return runRefusingMisfits(handler, { ...request, caller: { ...request.caller, client } }, facts, misfits)
}

/** The same of a caller who was just seen to have its session still. */
export async function dispatchPresent(request: Request, facts: FactReader, misfits: readonly Misfit[]): Promise<Outcome> {
  const handler = handlerOf(request)
  return 'kind' in handler ? handler : runRefusingMisfits(handler, request, facts, misfits)
}

function handlerOf({ record, caller }: Request): Handler<AnyRecord, unknown> | Refused {
  const asked = requestOf(record)
  const verdict = decideRequest(caller.client.kind, record.tag, asked)
  if (!verdict.allowed) return refuse(verdict.error, verdict.because)
  return byName.get(`${record.tag}/${asked}`) ?? refuse('invalid_data', 'no such request is served')
}

/** A payload that is no record at all, or no request. */
export function refuseMalformed(because: string): Outcome {
  return refuse('invalid_data', because)
}
