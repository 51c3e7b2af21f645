import { webPushHosts } from '../providers/index.js'
import { option, optional } from './option.js'
import { choice, hostPatterns, integer, origin, path, secretText, text, yesOrNo } from './options-kinds.js'

const waitMs = { unit: 'ms' }
const nothing = { default: '', shownDefault: 'none' }

/** Push notifications, and credentials for the cloud. */
export function push(folder: string) {
  return {
    push: option(choice(['off', 'platforms', 'webhook']), {
      default: 'off',
      about:
        'How people are notified who have not acknowledged a message: platforms asks the push service of each device (android FCM, ios APNs, web web push), webhook posts all to one URL.',
    }),
    pushGraceMs: option(integer(0, 600_000), {
      ...waitMs,
      default: 5_000,
      about: 'How long the devices of a phone have to acknowledge before it is notified.',
    }),
    pushText: option(yesOrNo, {
      default: false,
      about: 'Tell push services the name of the sender and the text of messages; else only where to look.',
    }),
    pushRetryForMs: option(integer(0, 86_400_000), {
      ...waitMs,
      default: 7_200_000,
      about: 'A notification that a service does not take is tried again for so long, in growing steps.',
    }),
    pushTimeoutMs: option(integer(100, 60_000), { ...waitMs, default: 10_000, about: 'How long one attempt at a push service may take.' }),
    fcmAccount: optional(path(folder), "FCM: JSON file with the key of the project's service account."),
    fcmEndpoint: option(origin, { default: 'https://fcm.googleapis.com', about: 'FCM: where notifications are sent to.' }),
    apnsKey: optional(path(folder), 'APNs: PEM file (.p8) with the signing key.'),
    apnsKeyId: option(text, { ...nothing, about: 'APNs: id of the key.' }),
    apnsTeam: option(text, { ...nothing, about: 'APNs: id of the team.' }),
    apnsTopic: option(text, { ...nothing, about: 'APNs: bundle id of the app.' }),
    apnsEndpoint: option(origin, {
      default: 'https://api.push.apple.com',
      about: 'APNs: where notifications are sent to; https://api.sandbox.push.apple.com for apps under development.',
    }),
    vapidPublicKey: option(text, { ...nothing, about: 'Web push: public VAPID key, base64url.' }),
    vapidPrivateKey: option(secretText, { ...nothing, about: 'Web push: private VAPID key, base64url.' }),
    vapidSubject: option(text, { ...nothing, about: 'Web push: whom a push service may turn to, a mailto: or https: URL.' }),
    webPushHosts: option(hostPatterns, {
      default: [...webPushHosts],
      about: 'Web push: services that browsers may name; others are never spoken to. In the file an array.',
    }),
    pushWebhookUrl: option(secretText, {
      ...nothing,
      about: 'Webhook: https URL (http only to this machine) that every notification is posted to.',
    }),
    pushWebhookSecret: option(secretText, {
      ...nothing,
      about: 'Webhook: key of the signature in x-nynja-signature, at least 16 characters.',
    }),
  }
}

/** Temporary credentials for the cloud. */
export const cloud = {
  awsRole: option(text, { ...nothing, about: 'ARN of the role whose credentials Profile/aws hands out; empty: it is refused.' }),
  awsRegion: option(text, { default: 'us-east-1', about: 'Region of the token service (STS).' }),
  awsEndpoint: optional(origin, 'Token service in place of that of the region.'),
  awsAccessKeyId: option(secretText, {
    ...nothing,
    about: 'Key by which the server asks; with its secret. Empty: whatever the machine gives it (environment, profile, instance role).',
  }),
  awsSecretAccessKey: option(secretText, { ...nothing, about: 'Secret of that key.' }),
  awsBucket: option(text, { ...nothing, about: 'Bucket in which credentials reach the objects under <phone>/ and nothing else.' }),
  awsLifeSeconds: option(integer(900, 43_200), { unit: 's', default: 3_600, about: 'How long credentials are good for.' }),
  awsTimeoutMs: option(integer(100, 60_000), { ...waitMs, default: 5_000, about: 'How long one attempt at the token service may take.' }),
}
