import type { PushRules } from '../rpc/index.js'
import type { Options } from './options-table.js'

/** What workers are told of push notifications; null where nobody is notified. Holds no secret. */
export function pushRules(options: Options): PushRules | null {
  const { push, pushGraceMs, pushRetryForMs, pushText, fcmAccount, apnsKey, vapidPublicKey } = options
  if (push === 'off') return null
  const common = { graceMs: pushGraceMs, lifeMs: pushGraceMs + pushRetryForMs, showsText: pushText }
  if (push === 'webhook') return { ...common, channels: { android: 'webhook', ios: 'webhook', web: 'webhook', other: 'webhook' } }
  const channels = {
    android: fcmAccount === undefined ? null : 'fcm',
    ios: apnsKey === undefined ? null : 'apns',
    web: vapidPublicKey === '' ? null : 'webpush',
    other: null,
  } as const
  return { ...common, channels }
}
