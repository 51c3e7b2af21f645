import { afterMs, type Monotonic, monotonicMs, wallMs } from '../clock/index.js'
import { createPrivateKey } from 'node:crypto'
import { statusOutage } from './http-outage.js'
import { type HttpAnswer, type HttpPoster, newHttpPoster } from './http-post.js'
import { ProviderOutage } from './provider-outage.js'
import { notificationData, type PushNotification, type PushProvider, type PushResult } from './push-provider.js'

/** The parts of a service account's JSON key that matter. */
export interface ServiceAccount {
  readonly project_id: string
  readonly client_email: string
  readonly private_key: string
  readonly private_key_id?: string | undefined
  readonly token_uri: string
}

export interface FcmOptions {
  readonly account: ServiceAccount
  /** Where messages are sent to; Google's unless a test says otherwise. */
  readonly endpoint: string
  readonly timeoutMs: number
  readonly ca?: string | undefined
  /** The clocks; a test's own. */
  readonly now?: () => number
  readonly elapsed?: () => Monotonic
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging'
const assertionLifeSeconds = 3_600
/** An access token is renewed so long before it ends. */
const renewBeforeMs = 300_000

/**
 * Reads a service account's key.
 * @returns undefined if the text is none
 */
export function parseServiceAccount(text: string): ServiceAccount | undefined {
  try {
    const { project_id, client_email, private_key, private_key_id, token_uri } = JSON.parse(text) as Partial<Record<string, unknown>>
    const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
    if (!isText(project_id) || !isText(client_email) || !isText(private_key)) return undefined
    const uri = isText(token_uri) ? token_uri : 'https://oauth2.googleapis.com/token'
    const isUsable = URL.canParse(uri) && /^[\w.:-]+$/.test(project_id) && createPrivateKey(private_key).asymmetricKeyType === 'rsa'
    if (!isUsable) return undefined
    return { project_id, client_email, private_key, token_uri: uri, private_key_id: isText(private_key_id) ? private_key_id : undefined }
  } catch {
    return undefined // the cause would repeat the key
  }
}

/**
 * Firebase Cloud Messaging, HTTP v1: data messages, which the app turns into what it shows. Invalid is a token that FCM calls UNREGISTERED, one
 * of another sender, and one that is malformed.
 * @see https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
 */
export function fcmPush({ account, endpoint, timeoutMs, ca, now = wallMs, elapsed = monotonicMs }: FcmOptions): PushProvider {
  const poster = newHttpPoster({ name: 'FCM', timeoutMs, ca })
  const access = newAccessToken(account, poster, { now, elapsed })
  const target = new URL(`/v1/projects/${account.project_id}/messages:send`, endpoint)

  async function post(notification: PushNotification): Promise<HttpAnswer> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await access.get()}` }
    return poster.post({ url: target, headers, body: JSON.stringify({ message: messageOf(notification) }) })
  }

  return {
    async send(notification): Promise<PushResult> {
      const answer = await post(notification)
      if (answer.status === 200) return { kind: 'done' }
      if (isTokenInvalid(answer)) return { kind: 'invalid-token' }
      const outage = statusOutage(`FCM ${target.host}`, answer.status, answer.headers['retry-after'])
      if (answer.status !== 401) throw outage
      // Revoked before its time: the next attempt asks for another.
      access.forget()
      throw new ProviderOutage({ reason: 'refused', message: outage.message, isPermanent: false, status: 401 })
    },
    close() {
      poster.close()
      return Promise.resolve()
    },
  }
}

function messageOf(notification: PushNotification): object {
  const { token, collapse, lifeSeconds } = notification
  return {
    token,
    data: Object.fromEntries(Object.entries(notificationData(notification)).map(([name, value]) => [dataName(name), value])),
    android: { priority: 'HIGH', collapse_key: collapse, ttl: `${String(lifeSeconds)}s` },
  }
}

/** `from` is a word FCM keeps for itself. */
function dataName(name: string): string {
  return name === 'from' ? 'sender' : name
}

function namesToken(violations: unknown): boolean {
  if (!Array.isArray(violations)) return false
  return violations.some((one: unknown) => typeof one === 'object' && one !== null && Reflect.get(one, 'field') === 'message.token')
}

interface FcmDetail {
  readonly errorCode?: unknown
  readonly fieldViolations?: unknown
}

function isTokenInvalid({ status, body }: HttpAnswer): boolean {
  if (status !== 400 && status !== 403 && status !== 404) return false
  const details = detailsIn(body)
  if (details.some(({ errorCode }) => errorCode === 'UNREGISTERED' || errorCode === 'SENDER_ID_MISMATCH')) return true
  return status === 400 && details.some(({ fieldViolations }) => namesToken(fieldViolations))
}

function detailsIn(body: string): readonly FcmDetail[] {
  try {
    const { error } = JSON.parse(body) as { error?: { details?: unknown } }
    return Array.isArray(error?.details) ? (error.details as FcmDetail[]).filter((one) => typeof one === 'object') : []
  } catch {
    return [] // not what FCM says: its status has to do
  }
}

interface AccessToken {
  get(): Promise<string>
  forget(): void
}

/** OAuth 2.0 for a service account: a signed assertion is exchanged for a token, once for all who wait (RFC 7523). */
function newAccessToken(
  account: ServiceAccount,
  poster: HttpPoster,
  { now, elapsed }: Required<Pick<FcmOptions, 'now' | 'elapsed'>>,
): AccessToken {
  let known: { readonly token: string; readonly renewAt: Monotonic } | undefined
  let asking: Promise<string> | undefined

  async function ask(): Promise<string> {
    const url = new URL(account.token_uri)
    const assertion = await signAssertion(account, Math.floor(now() / 1_000))
    const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, headers: answered, body } = await poster.post({ url, headers, body: form.toString() })
    if (status !== 200) throw statusOutage(`FCM token service ${url.host}`, status, answered['retry-after'])
    const { access_token, expires_in } = readTokenAnswer(body, url)
    known = { token: access_token, renewAt: afterMs(elapsed(), expires_in * 1_000 - renewBeforeMs) }
    return access_token
  }

  return {
    get() {
      if (known !== undefined && elapsed() < known.renewAt) return Promise.resolve(known.token)
      asking ??= ask().finally(() => (asking = undefined))
      return asking
    },
    forget() {
      known = undefined
    },
  }
}

async function signAssertion({ client_email, private_key, private_key_id, token_uri }: ServiceAccount, seconds: number): Promise<string> {
  const { importPKCS8, SignJWT } = await import('jose')
  const key = await importPKCS8(private_key, 'RS256').catch(() => {
    throw new ProviderOutage({ reason: 'refused', message: 'the private key of the FCM service account is none', isPermanent: true })
  })
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(private_key_id === undefined ? {} : { kid: private_key_id }) })
    .setIssuer(client_email)
    .setAudience(token_uri)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + assertionLifeSeconds)
    .sign(key)
}

function readTokenAnswer(body: string, url: URL): { readonly access_token: string; readonly expires_in: number } {
  try {
    const { access_token, expires_in } = JSON.parse(body) as Record<string, unknown>
    if (typeof access_token === 'string') return { access_token, expires_in: typeof expires_in === 'number' ? expires_in : 0 }
  } catch {
    // said below
  }
  throw new ProviderOutage({ reason: 'refused', message: `FCM token service ${url.host} gave no token`, isPermanent: false })
}
