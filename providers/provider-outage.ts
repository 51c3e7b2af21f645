/** Why a message could not be handed over. */
export type OutageReason = 'timeout' | 'unreachable' | 'refused'

export interface OutageParts {
  readonly reason: OutageReason
  /** What happened, for the log. Holds no phone number, text, code or secret. */
  readonly message: string
  /** True if asking again will not help: the provider understood the request and refuses it. */
  readonly isPermanent: boolean
  /** HTTP status or SMTP reply code of the answer, if there was one. */
  readonly status?: number
  /** When the provider wants to be asked again, ms from now. */
  readonly retryAfterMs?: number
}

/**
 * A provider did not take a message, after all its own retries. Whoever asked may ask again later, unless it is permanent. Its message and
 * properties may be logged as they are.
 */
export class ProviderOutage extends Error {
  override readonly name = 'ProviderOutage'
  readonly reason: OutageReason
  readonly isPermanent: boolean
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor({ reason, message, isPermanent, status, retryAfterMs }: OutageParts) {
    super(message)
    this.reason = reason
    this.isPermanent = isPermanent
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}
