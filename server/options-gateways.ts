import {
  type GatewayAccount,
  type HttpGatewayOptions,
  presetRequest,
  smsPresets,
  type SmtpOptions,
  type StsOptions,
  voicePresets,
} from '../providers/index.js'
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

/** The account at a ready SMS gateway. */
export function smsAccount({ smsAccount: account, smsSecret: secret, smsSender: sender, smsOrigin: origin }: Options): GatewayAccount {
  return { account, secret, sender, origin }
}

/** The account at a ready voice gateway. */
export function voiceAccount({
  voiceAccount: account,
  voiceSecret: secret,
  voiceSender: sender,
  voiceOrigin: origin,
}: Options): GatewayAccount {
  return { account, secret, sender, origin }
}

/** The options of the SMS gateway, where `sms` is http. */
export function smsGateway(options: Options): HttpGatewayOptions {
  const { smsGateway: preset, smsUrl: url, smsMethod: method, smsHeaders: headers, smsBody: body, smsAccepted: accepted } = options
  return {
    ...(preset === 'custom' ? { url, method, headers, body, accepted } : presetRequest(smsPresets[preset], smsAccount(options))),
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
  const {
    voiceGateway: preset,
    voiceUrl: url,
    voiceMethod: method,
    voiceHeaders: headers,
    voiceBody: body,
    voiceAccepted: accepted,
  } = options
  return {
    ...(preset === 'custom' ? { url, method, headers, body, accepted } : presetRequest(voicePresets[preset], voiceAccount(options))),
    timeoutMs: options.voiceTimeoutMs,
    retries: options.voiceRetries,
    retryDelayMs,
  }
}
