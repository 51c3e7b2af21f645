/** Options of push notifications, ready gateways and cloud credentials that contradict each other. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import webPushLibrary from 'web-push'
import { pushRules } from '../../server/push-rules.js'
import { smsGateway } from '../../server/options-gateways.js'
import { loadOptions } from '../../server/options-load.js'

const folder = mkdtempSync(join(tmpdir(), 'nynja-options-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const pem = (type: 'rsa' | 'ec'): string => {
  const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
}
const account = file('account.json', JSON.stringify({ project_id: 'town', client_email: 'a@b', private_key: pem('rsa') }))
const key = file('key.p8', pem('ec'))
const broken = file('broken', 'top-secret')
const vapid = webPushLibrary.generateVAPIDKeys()

const fcm = { NYNJA_FCM_ACCOUNT: account }
const apns = { NYNJA_APNS_KEY: key, NYNJA_APNS_KEY_ID: 'K', NYNJA_APNS_TEAM: 'T', NYNJA_APNS_TOPIC: 'app' }
const web = {
  NYNJA_VAPID_PUBLIC_KEY: vapid.publicKey,
  NYNJA_VAPID_PRIVATE_KEY: vapid.privateKey,
  NYNJA_VAPID_SUBJECT: 'mailto:a@b.example',
}
const platforms = { NYNJA_PUSH: 'platforms' }
const webhook = {
  NYNJA_PUSH: 'webhook',
  NYNJA_PUSH_WEBHOOK_URL: 'https://push.example/',
  NYNJA_PUSH_WEBHOOK_SECRET: 'top-secret of sixteen',
}
const twilio = { NYNJA_SMS_GATEWAY: 'twilio', NYNJA_SMS_ACCOUNT: 'AC1', NYNJA_SMS_SECRET: 'top-secret', NYNJA_SMS_SENDER: '+1555' }
const role = { NYNJA_AWS_ROLE: 'arn:aws:iam::123456789012:role/devices', NYNJA_AWS_BUCKET: 'town-files' }

describe('are taken', () => {
  test.each<{ what: string; env: Readonly<Record<string, string>> }>([
    { what: 'nothing', env: {} },
    { what: 'FCM', env: { ...platforms, ...fcm } },
    { what: 'all platforms', env: { ...platforms, ...fcm, ...apns, ...web } },
    { what: 'a webhook', env: webhook },
    { what: 'a ready gateway', env: twilio },
    { what: 'a ready gateway for calls', env: { NYNJA_VOICE_GATEWAY: 'messagebird', NYNJA_VOICE_SECRET: 's', NYNJA_VOICE_SENDER: 'Town' } },
    { what: 'a role', env: role },
  ])('$what', ({ env }) => {
    expect(loadOptions([], env, folder)).toMatchObject({ kind: 'options' })
  })
})

describe('are refused', () => {
  test.each<{ what: string; env: Readonly<Record<string, string>>; says: readonly RegExp[] }>([
    { what: 'a service without NYNJA_PUSH', env: fcm, says: [/FCM_ACCOUNT is given, but NYNJA_PUSH is off/] },
    { what: 'platforms without a service', env: platforms, says: [/no push service is configured/] },
    { what: 'a webhook beside platforms', env: { ...webhook, ...fcm }, says: [/FCM_ACCOUNT is given, but NYNJA_PUSH is webhook/] },
    {
      what: 'a webhook without its parts',
      env: { NYNJA_PUSH: 'webhook' },
      says: [/WEBHOOK_URL is not given/, /WEBHOOK_SECRET is not given/],
    },
    { what: 'a webhook in the clear', env: { ...webhook, NYNJA_PUSH_WEBHOOK_URL: 'http://push.example/' }, says: [/https/] },
    { what: 'a webhook with a short secret', env: { ...webhook, NYNJA_PUSH_WEBHOOK_SECRET: 'top-secret' }, says: [/at least 16/] },
    { what: 'an account that is not there', env: { ...platforms, NYNJA_FCM_ACCOUNT: join(folder, 'none') }, says: [/cannot be read/] },
    { what: 'an account that is none', env: { ...platforms, NYNJA_FCM_ACCOUNT: broken }, says: [/not the key of a service account/] },
    { what: 'a key that is none', env: { ...platforms, ...apns, NYNJA_APNS_KEY: broken }, says: [/not a private key on P-256/] },
    { what: 'half of APNs', env: { ...platforms, NYNJA_APNS_KEY: key }, says: [/must be given together; missing: NYNJA_APNS_KEY_ID/] },
    { what: 'half of VAPID', env: { ...platforms, NYNJA_VAPID_PUBLIC_KEY: vapid.publicKey }, says: [/missing: NYNJA_VAPID_PRIVATE_KEY/] },
    { what: 'keys that are none', env: { ...platforms, ...web, NYNJA_VAPID_PRIVATE_KEY: 'top-secret' }, says: [/VAPID keys/] },
    {
      what: 'a ready gateway without its account',
      env: { NYNJA_SMS_GATEWAY: 'twilio' },
      says: [/_ACCOUNT is not/, /_SECRET is not/, /_SENDER is not/],
    },
    {
      what: 'a ready gateway with a URL',
      env: { ...twilio, NYNJA_SMS_URL: 'https://x.example' },
      says: [/SMS_URL is given, but NYNJA_SMS_GATEWAY is twilio/],
    },
    { what: 'a ready gateway and the console', env: { ...twilio, NYNJA_SMS: 'console' }, says: [/but NYNJA_SMS is console/] },
    {
      what: 'an account without a ready gateway',
      env: { NYNJA_SMS_ACCOUNT: 'AC1' },
      says: [/SMS_ACCOUNT is given, but NYNJA_SMS_GATEWAY is custom/],
    },
    { what: 'Infobip without its host', env: { ...twilio, NYNJA_SMS_GATEWAY: 'infobip' }, says: [/SMS_ORIGIN is not given/] },
    { what: 'a role that is none', env: { ...role, NYNJA_AWS_ROLE: 'devices' }, says: [/not the ARN of a role/] },
    { what: 'a role without a bucket', env: { NYNJA_AWS_ROLE: role.NYNJA_AWS_ROLE }, says: [/NYNJA_AWS_BUCKET is not the name/] },
    { what: 'a bucket without a role', env: { NYNJA_AWS_BUCKET: 'town-files' }, says: [/NYNJA_AWS_ROLE is not/] },
    { what: 'half a key', env: { ...role, NYNJA_AWS_ACCESS_KEY_ID: 'A' }, says: [/must be given together/] },
  ])('$what', ({ env, says }) => {
    const loaded = loadOptions([], env, folder)
    if (loaded.kind !== 'problems') throw new Error(loaded.kind)
    expect(loaded.problems).toEqual(says.map((text) => expect.stringMatching(text)))
    expect(loaded.problems.join()).not.toContain('top-secret')
  })
})

test('each device is reached by the service of its system, if there is one', () => {
  const channels = (env: Readonly<Record<string, string>>) => {
    const loaded = loadOptions([], env, folder)
    if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
    return pushRules(loaded.options)?.channels ?? null
  }
  expect(channels({})).toBeNull()
  expect(channels({ ...platforms, ...fcm })).toEqual({ android: 'fcm', ios: null, web: null, other: null })
  expect(channels({ ...platforms, ...apns, ...web })).toEqual({ android: null, ios: 'apns', web: 'webpush', other: null })
  expect(channels(webhook)).toEqual({ android: 'webhook', ios: 'webhook', web: 'webhook', other: 'webhook' })
})

test('a ready gateway is asked as its account says', () => {
  const loaded = loadOptions([], twilio, folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  expect(loaded.options.sms).toBe('http')
  expect(smsGateway(loaded.options)).toMatchObject({ url: 'https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json', method: 'POST' })
})
