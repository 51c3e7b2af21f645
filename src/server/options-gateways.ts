import type { HttpGatewayOptions } from '../providers/index.js'
import type { Options } from './options-table.js'

const retryDelayMs = 500

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
