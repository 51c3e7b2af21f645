import type { AssumeRoleCommandOutput, STSClient, STSClientConfig } from '@aws-sdk/client-sts'
import type { CloudCredentials, CloudProvider } from './cloud-provider.js'
import { ProviderOutage } from './provider-outage.js'

export interface StsOptions {
  /** ARN of the role that is assumed. */
  readonly role: string
  readonly region: string
  /** In place of the region's own. */
  readonly endpoint?: string | undefined
  /** The server's own key; left out, the SDK finds what the machine gives it. */
  readonly key?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** The credentials reach the objects under `<owner>/` of this bucket, and nothing else. */
  readonly bucket: string
  readonly lifeSeconds: number
  /** Of one attempt, ms. */
  readonly timeoutMs: number
  /** Attempts in all, for timeouts, broken connections, throttling and 5xx. */
  readonly attempts: number
}

/**
 * AWS Security Token Service: AssumeRole with a session policy, so that of what the role may do only the owner's own prefix is left.
 * The library is large, and loaded with the first question.
 * @see AWS STS API reference, AssumeRole; IAM user guide, Session policies
 */
export function stsCloud(options: StsOptions): CloudProvider {
  const { role, region, endpoint, key, lifeSeconds, timeoutMs, attempts } = options
  const config: STSClientConfig = {
    region,
    maxAttempts: attempts,
    requestHandler: { requestTimeout: timeoutMs, connectionTimeout: timeoutMs },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(key === undefined ? {} : { credentials: key }),
  }
  let client: STSClient | undefined
  return {
    async credentialsFor(owner) {
      const sdk = await import('@aws-sdk/client-sts')
      client ??= new sdk.STSClient(config)
      const command = new sdk.AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: `nynja-${owner}`,
        DurationSeconds: lifeSeconds,
        Policy: sessionPolicy(options, owner),
      })
      const signal = AbortSignal.timeout(timeoutMs * attempts + 1_000)
      return readAnswer(await client.send(command, { abortSignal: signal }).catch(failed))
    },
  }
}

/** What the credentials of an owner may do. */
export function sessionPolicy({ role, bucket }: Pick<StsOptions, 'role' | 'bucket'>, owner: string): string {
  const partition = role.split(':')[1] ?? 'aws'
  const arn = `arn:${partition}:s3:::${bucket}`
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], Resource: [`${arn}/${owner}/*`] },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [arn], Condition: { StringLike: { 's3:prefix': [`${owner}/*`] } } },
    ],
  })
}

function readAnswer({ Credentials: made }: AssumeRoleCommandOutput): CloudCredentials {
  if (!made?.AccessKeyId || !made.SecretAccessKey || !made.SessionToken || made.Expiration === undefined) {
    throw new ProviderOutage({ reason: 'refused', message: 'STS gave no credentials', isPermanent: false })
  }
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: expires } = made
  return { accessKeyId, secretAccessKey, sessionToken, expires: expires.getTime() }
}

/** Keeps names and statuses only: the texts of the SDK may name the role, and through it the owner. */
function failed(error: unknown): never {
  const name = error instanceof Error ? error.name : 'unknown'
  const status = statusOf(error)
  if (status !== undefined) {
    const isPermanent = status < 500 && status !== 429 && name !== 'Throttling' && name !== 'ThrottlingException'
    throw new ProviderOutage({ reason: 'refused', message: `STS answered ${status} (${name})`, isPermanent, status })
  }
  const isLate = name === 'TimeoutError' || name === 'AbortError'
  throw new ProviderOutage({
    reason: isLate ? 'timeout' : 'unreachable',
    message: isLate ? 'STS did not answer in time' : `STS cannot be reached: ${name}`,
    isPermanent: false,
  })
}

function statusOf(error: unknown): number | undefined {
  const metadata: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, '$metadata') : undefined
  const status: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : undefined
  return typeof status === 'number' ? status : undefined
}
