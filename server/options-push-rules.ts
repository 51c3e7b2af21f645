import { readFileSync } from 'node:fs'
import { isApnsKey, parseServiceAccount, webhookProblems, webPushProblems } from '../providers/index.js'
import type { OptionName, Options } from './options-table.js'

const apnsOptions = ['apnsKey', 'apnsKeyId', 'apnsTeam', 'apnsTopic'] as const
const vapidOptions = ['vapidPublicKey', 'vapidPrivateKey', 'vapidSubject'] as const
const webhookOptions = ['pushWebhookUrl', 'pushWebhookSecret'] as const
const platformOptions = ['fcmAccount', ...apnsOptions, ...vapidOptions] as const

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== ''
}

/** `NYNJA_…` of an option. */
function variable(name: OptionName): string {
  return `NYNJA_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** @returns one sentence for each thing about push notifications that contradicts another; none holds a secret */
export function pushProblems(options: Options, given: ReadonlySet<OptionName>): readonly string[] {
  const needless = (names: readonly OptionName[], because: string): readonly string[] =>
    names.filter((name) => given.has(name) && isGiven(options[name])).map((name) => `${variable(name)} is given, but ${because}`)
  switch (options.push) {
    case 'off':
      return needless([...platformOptions, ...webhookOptions], 'NYNJA_PUSH is off')
    case 'webhook':
      return [...needless(platformOptions, 'NYNJA_PUSH is webhook'), ...webhookRules(options)]
    case 'platforms':
      return [...needless(webhookOptions, 'NYNJA_PUSH is platforms'), ...platformRules(options)]
  }
}

function webhookRules(options: Options): readonly string[] {
  const missing = webhookOptions.filter((name) => !isGiven(options[name]))
  if (missing.length > 0) return missing.map((name) => `NYNJA_PUSH is webhook, but ${variable(name)} is not given`)
  return webhookProblems({ url: options.pushWebhookUrl, secret: options.pushWebhookSecret }).map(
    (problem) => `NYNJA_PUSH (webhook): ${problem}`,
  )
}

function platformRules(options: Options): readonly string[] {
  if (!platformOptions.some((name) => isGiven(options[name]))) {
    return ['NYNJA_PUSH is platforms, but no push service is configured (NYNJA_FCM_ACCOUNT, NYNJA_APNS_KEY or NYNJA_VAPID_PUBLIC_KEY)']
  }
  return [...fcmRules(options), ...apnsRules(options), ...webPushRules(options)]
}

function fcmRules({ fcmAccount }: Options): readonly string[] {
  if (fcmAccount === undefined) return []
  const account = readText(fcmAccount)
  if (account === undefined) return [`NYNJA_FCM_ACCOUNT: ${fcmAccount} cannot be read`]
  return parseServiceAccount(account) === undefined ? [`NYNJA_FCM_ACCOUNT: ${fcmAccount} is not the key of a service account`] : []
}

function apnsRules(options: Options): readonly string[] {
  const incomplete = together(options, apnsOptions)
  const { apnsKey } = options
  if (incomplete.length > 0 || apnsKey === undefined) return incomplete
  const key = readText(apnsKey)
  if (key === undefined) return [`NYNJA_APNS_KEY: ${apnsKey} cannot be read`]
  return isApnsKey(key) ? [] : [`NYNJA_APNS_KEY: ${apnsKey} is not a private key on P-256`]
}

function webPushRules(options: Options): readonly string[] {
  const incomplete = together(options, vapidOptions)
  if (incomplete.length > 0 || options.vapidPublicKey === '') return incomplete
  const { vapidPublicKey: publicKey, vapidPrivateKey: privateKey, vapidSubject: subject } = options
  return webPushProblems({ publicKey, privateKey, subject }).map((problem) => `NYNJA_VAPID: ${problem}`)
}

/** All of them, or none. */
function together(options: Options, names: readonly OptionName[]): readonly string[] {
  const missing = names.filter((name) => !isGiven(options[name]))
  if (missing.length === 0 || missing.length === names.length) return []
  return [`${names.map(variable).join(', ')} must be given together; missing: ${missing.map(variable).join(', ')}`]
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** @returns one sentence for each thing about cloud credentials that contradicts another */
export function cloudProblems(options: Options): readonly string[] {
  const { awsRole, awsBucket, awsAccessKeyId, awsSecretAccessKey } = options
  if (awsRole === '') return awsBucket === '' ? [] : ['NYNJA_AWS_BUCKET is given, but NYNJA_AWS_ROLE is not']
  return [
    ...(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(awsRole) ? [] : ['NYNJA_AWS_ROLE is not the ARN of a role']),
    ...(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(awsBucket)
      ? []
      : ['NYNJA_AWS_ROLE is given, but NYNJA_AWS_BUCKET is not the name of a bucket']),
    ...((awsAccessKeyId === '') === (awsSecretAccessKey === '')
      ? []
      : ['NYNJA_AWS_ACCESS_KEY_ID and NYNJA_AWS_SECRET_ACCESS_KEY must be given together']),
  ]
}
