import type { HttpGatewayOptions, SmtpOptions, StsOptions } from '../providers/index.js'
import type { Options } from './options-table.js'

const retryDelayMs = 500
const cloudAttempts = 3

/** The options of the cloud's token service, where there is a role. */
export function cloudOptions(options: Options): StsOptions {
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = options
  return {
    role: options.awsRole,
    region: options.awsRegion,
    endpoint: options.awsEndpoint,
    key: accessKeyId === '' ? undefined : { accessKeyId, secretAccessKey },
    bucket: options.awsBucket,
    lifeSeconds: options.awsLifeSeconds,
    timeoutMs: options.awsTimeoutMs,
    attempts: cloudAttempts,
  }
}

/** The options of the SMS gateway, where `sms` is http. */
export function smsGateway(options: Options): HttpGatewayOptions {
  return {
    url: options.smsUrl,
    method: options.smsMethod,
    headers: options.smsHeaders,
    body: options.smsBody,
    timeoutMs: options.smsTimeoutMs,
    retries: options.smsRetries,
    retryDelayMs,
  }
}

/** The options of the mail server, where `email` is smtp. @param ca content of the file with its certificates */
export function mailServer(options: Options, ca?: string): SmtpOptions {
  return {
    host: options.smtpHost ?? '',
    port: options.smtpPort,
    security: options.smtpSecurity,
    user: options.smtpUser,
    password: options.smtpPassword,
    from: options.smtpFrom,
    ca,
    timeoutMs: options.smtpTimeoutMs,
    retries: options.smtpRetries,
    retryDelayMs,
  }
}

/** The options of the voice gateway, where `voice` is http. */
export function voiceGateway(options: Options): HttpGatewayOptions {
  return {
    url: options.voiceUrl,
    method: options.voiceMethod,
    headers: options.voiceHeaders,
    body: options.voiceBody,
    timeoutMs: options.voiceTimeoutMs,
    retries: options.voiceRetries,
    retryDelayMs,
  }
}
