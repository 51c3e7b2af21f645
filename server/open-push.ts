import { readFileSync } from 'node:fs'
import { apnsPush, fcmPush, parseServiceAccount, type PushProvider, webhookPush, webPush } from '../providers/index.js'
import type { PushChannel } from '../rpc/index.js'
import type { Options } from './options-table.js'

/** Opens the push services the options name. @throws Error if a file the rules have read is gone */
export function openPushes(options: Options): ReadonlyMap<PushChannel, PushProvider> {
  const pushes = new Map<PushChannel, PushProvider>()
  const { push, pushTimeoutMs: timeoutMs, fcmAccount, apnsKey, vapidPublicKey } = options
  if (push === 'webhook') {
    pushes.set('webhook', webhookPush({ url: options.pushWebhookUrl, secret: options.pushWebhookSecret, timeoutMs }))
  }
  if (push !== 'platforms') return pushes
  const account = fcmAccount === undefined ? undefined : parseServiceAccount(readFileSync(fcmAccount, 'utf8'))
  if (account !== undefined) pushes.set('fcm', fcmPush({ account, endpoint: options.fcmEndpoint, timeoutMs }))
  if (apnsKey !== undefined) pushes.set('apns', openApns(options, readFileSync(apnsKey, 'utf8')))
  if (vapidPublicKey !== '') {
    const vapid = { publicKey: vapidPublicKey, privateKey: options.vapidPrivateKey, subject: options.vapidSubject }
    pushes.set('webpush', webPush({ ...vapid, hosts: options.webPushHosts, timeoutMs }))
  }
  return pushes
}

function openApns(options: Options, key: string): PushProvider {
  const { apnsKeyId: keyId, apnsTeam: teamId, apnsTopic: topic, apnsEndpoint: endpoint, pushTimeoutMs: timeoutMs } = options
  return apnsPush({ key, keyId, teamId, topic, endpoint, timeoutMs })
}
