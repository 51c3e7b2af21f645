export type { CloudCredentials, CloudProvider } from './cloud-provider.js'
export { consoleEmail, consoleSms, consoleVoice, type PrintLine } from './console-provider.js'
export {
  type GatewayAccount,
  presetProblems,
  presetRequest,
  type SmsPreset,
  smsPresetNames,
  smsPresets,
  type VoicePreset,
  voicePresetNames,
  voicePresets,
} from './gateway-presets.js'
export { httpGatewayMethods, type HttpGatewayOptions } from './http-gateway.js'
export { httpSms, httpSmsProblems, httpVoice, httpVoiceProblems } from './http-provider.js'
export { ProviderOutage, type OutageParts, type OutageReason } from './provider-outage.js'
export type { EmailProvider } from './email-provider.js'
export { smtpEmail, smtpProblems, smtpSecurities, type SmtpOptions } from './smtp-provider.js'
export { apnsPush, type ApnsOptions, isApnsKey } from './push-apns.js'
export { fcmPush, type FcmOptions, parseServiceAccount, type ServiceAccount } from './push-fcm.js'
export { notificationData, type PushNotification, type PushProvider, type PushResult } from './push-provider.js'
export { webPush, webPushHosts, webPushProblems, type WebPushOptions } from './push-web.js'
export { signatureHeader, signatureOf, type WebhookOptions, webhookProblems, webhookPush } from './push-webhook.js'
export type { SmsProvider } from './sms-provider.js'
export { sessionPolicy, stsCloud, type StsOptions } from './sts-provider.js'
export type { VoiceProvider } from './voice-provider.js'
