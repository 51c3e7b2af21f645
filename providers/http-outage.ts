import { wallMs } from '../clock/index.js'
import { connectionFailure } from '../failures/index.js'
import { ProviderOutage } from './provider-outage.js'

/** Statuses that ask to come again, although they are not of the 5xx kind. */
const retriedStatuses = new Set([408, 425, 429])
const longestRetryAfterMs = 24 * 60 * 60_000

/** @param service names it in the log, with its host */
export function timeoutOutage(service: string, timeoutMs: number): ProviderOutage {
  return new ProviderOutage({ reason: 'timeout', message: `${service} did not answer within ${timeoutMs} ms`, isPermanent: false })
}

/** Says why without the text of what was thrown, which may hold the URL. */
export function connectionOutage(service: string, error: unknown): ProviderOutage {
  const { because, isPermanent } = connectionFailure(error)
  return new ProviderOutage({ reason: 'unreachable', message: `${service} cannot be reached: ${because}`, isPermanent })
}

/** @param retryAfter the header of that name, if there was one */
export function statusOutage(service: string, status: number, retryAfter?: string): ProviderOutage {
  const isPermanent = status < 500 && !retriedStatuses.has(status)
  const isRedirect = status >= 300 && status < 400
  const message = `${service} answered ${status}${isRedirect ? '; redirects are not followed' : ''}`
  const retryAfterMs = retryAfter === undefined ? undefined : readRetryAfter(retryAfter, wallMs())
  return new ProviderOutage({ reason: 'refused', message, isPermanent, status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}

/** Seconds, or a date (RFC 9110 10.2.3), as ms from now; undefined for anything else. */
export function readRetryAfter(header: string, now: number): number | undefined {
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, ms))
}
