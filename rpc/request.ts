import type { Client } from '../acl/index.js'
import type { AnyRecord, Codec, Dialect } from '../protocol/index.js'
import type { ClientId, PhoneId } from '../topics/index.js'
import type { RpcContext } from './context.js'
import type { FactReader } from './facts.js'
import type { Outcome } from './outcome.js'

/** Who sends a request, as established at CONNECT. */
export interface Caller {
  readonly client: Client
  readonly clientId: ClientId
  readonly dialect: Dialect
  /** Codec of this request. */
  readonly codec: Codec
  /** IP address that it comes from, as the balancer tells it; empty for nobody. */
  readonly address: string
  /** The password of CONNECT where it was a login token; kept in memory only. */
  readonly token: string | null
  /** It is told what became of each request by a verdict: an answer that says no more is left out. */
  readonly isToldVerdicts?: boolean
}

/** One request in canonical form. */
export interface Request<R extends AnyRecord = AnyRecord> {
  readonly record: R
  readonly caller: Caller
  /** Milliseconds since 1970 UTC, the clock's reading for this decision. */
  readonly now: number
  readonly context: RpcContext
  /** No device of the caller asks: it is done for somebody who may be away, because its time has come. */
  readonly isUnattended?: boolean
}

/**
 * A request handler in two halves: `read` gathers facts through the reader and may not decide; `decide` is pure. `Facts` is plain data.
 * The runner commits the outcome only if every checked fact is unchanged, else it runs both halves again.
 */
export interface Handler<R extends AnyRecord, Facts> {
  read(request: Request<R>, facts: FactReader): Promise<Facts>
  decide(request: Request<R>, facts: Facts): Outcome
}

/** Builds a handler; exists for its type inference. */
export function handler<R extends AnyRecord, Facts>(halves: Handler<R, Facts>): Handler<R, Facts> {
  return halves
}

/** The rosters of the caller, none for connections that are not logged in. */
export function ownRosters(caller: Caller): readonly PhoneId[] {
  return caller.client.kind === 'device' ? caller.client.rosters : []
}
