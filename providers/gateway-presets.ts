import type { HttpGatewayOptions } from './http-gateway.js'

/** What an operator is given by a gateway. */
export interface GatewayAccount {
  /** Account id, API key, project: what the gateway calls the account; with Bird workspace and channel, `<workspace>/<channel>`. */
  readonly account: string
  /** Token, password or secret that goes with it. */
  readonly secret: string
  /** Number or name that messages come from. */
  readonly sender: string
  /** Scheme and host in place of the gateway's own; gateways that give every customer a host have none of their own. */
  readonly origin: string | undefined
}

/** How a gateway is asked: the parts of {@link HttpGatewayOptions} that follow from the account. */
export type GatewayRequest = Pick<HttpGatewayOptions, 'url' | 'method' | 'headers' | 'body' | 'refusal'>

interface Preset {
  readonly origin: string | undefined
  readonly needs: readonly ('account' | 'secret' | 'sender')[]
  readonly request: (account: GatewayAccount & { readonly origin: string }) => GatewayRequest
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const all = ['account', 'secret', 'sender'] as const

function basic({ account, secret }: GatewayAccount): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${account}:${secret}`).toString('base64')}` }
}

const encode = encodeURIComponent

/** Gateways for SMS, by the name an operator writes. Each follows the public documentation of its API, which its test checks. */
export const smsPresets = {
  /** Twilio, Programmable Messaging: Messages resource. */
  twilio: {
    origin: 'https://api.twilio.com',
    needs: all,
    request: (account) => ({
      url: `${account.origin}/2010-04-01/Accounts/${encode(account.account)}/Messages.json`,
      method: 'POST',
      headers: { ...basic(account), ...form },
      body: `To=%2B{phone}&From=${encode(account.sender)}&Body={text}`,
    }),
  },
  /** Vonage, Messages API v1, which takes key and secret. */
  vonage: {
    origin: 'https://api.nexmo.com',
    needs: all,
    request: (account) => ({
      url: `${account.origin}/v1/messages`,
      method: 'POST',
      headers: { ...basic(account), ...json },
      body: JSON.stringify({ message_type: 'text', channel: 'sms', to: '{phone}', from: account.sender, text: '{text}' }),
    }),
  },
  /** MessageBird, SMS API. */
  messagebird: {
    origin: 'https://rest.messagebird.com',
    needs: ['secret', 'sender'],
    request: ({ origin, secret, sender }) => ({
      url: `${origin}/messages`,
      method: 'POST',
      headers: { authorization: `AccessKey ${secret}`, ...json },
      body: JSON.stringify({ originator: sender, recipients: ['{phone}'], body: '{text}', datacoding: 'auto' }),
    }),
  },
  /** Bird, Channels API; the sender is that of the channel. */
  bird: {
    origin: 'https://api.bird.com',
    needs: ['account', 'secret'],
    request: ({ origin, account, secret }) => {
      const [workspace = '', channel = ''] = account.split('/')
      return {
        url: `${origin}/workspaces/${encode(workspace)}/channels/${encode(channel)}/messages`,
        method: 'POST',
        headers: { authorization: `AccessKey ${secret}`, ...json },
        body: JSON.stringify({
          receiver: { contacts: [{ identifierKey: 'phonenumber', identifierValue: '+{phone}' }] },
          body: { type: 'text', text: { text: '{text}' } },
        }),
      }
    },
  },
  /** Infobip, SMS API; every customer has a host. It answers 200 to what it rejects, too. */
  infobip: {
    origin: undefined,
    needs: ['secret', 'sender'],
    request: ({ origin, secret, sender }) => ({
      url: `${origin}/sms/2/text/advanced`,
      method: 'POST',
      headers: { authorization: `App ${secret}`, accept: 'application/json', ...json },
      body: JSON.stringify({ messages: [{ from: sender, destinations: [{ to: '{phone}' }], text: '{text}' }] }),
      refusal: { field: 'groupName', value: 'REJECTED' },
    }),
  },
  /** Plivo, Message API. */
  plivo: {
    origin: 'https://api.plivo.com',
    needs: all,
    request: (account) => ({
      url: `${account.origin}/v1/Account/${encode(account.account)}/Message/`,
      method: 'POST',
      headers: { ...basic(account), ...json },
      body: JSON.stringify({ src: account.sender, dst: '{phone}', text: '{text}' }),
    }),
  },
  /** Sinch, SMS API: the account is the service plan. */
  sinch: {
    origin: 'https://us.sms.api.sinch.com',
    needs: all,
    request: ({ origin, account, secret, sender }) => ({
      url: `${origin}/xms/v1/${encode(account)}/batches`,
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, ...json },
      body: JSON.stringify({ from: sender, to: ['{phone}'], body: '{text}' }),
    }),
  },
  /** Telnyx, Messaging API v2. */
  telnyx: {
    origin: 'https://api.telnyx.com',
    needs: ['secret', 'sender'],
    request: ({ origin, secret, sender }) => ({
      url: `${origin}/v2/messages`,
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, ...json },
      body: JSON.stringify({ from: sender, to: '+{phone}', text: '{text}' }),
    }),
  },
} as const satisfies Record<string, Preset>

/** Gateways for calls. The code is spoken three times, digit by digit. */
export const voicePresets = {
  /** Twilio, Programmable Voice: Calls resource with TwiML. */
  twilio: {
    origin: 'https://api.twilio.com',
    needs: all,
    request: (account) => ({
      url: `${account.origin}/2010-04-01/Accounts/${encode(account.account)}/Calls.json`,
      method: 'POST',
      headers: { ...basic(account), ...form },
      body: `To=%2B{phone}&From=${encode(account.sender)}&Twiml=${twiml}`,
    }),
  },
  /** MessageBird, Voice Messaging API. */
  messagebird: {
    origin: 'https://rest.messagebird.com',
    needs: ['secret', 'sender'],
    request: ({ origin, secret, sender }) => ({
      url: `${origin}/voicemessages`,
      method: 'POST',
      headers: { authorization: `AccessKey ${secret}`, ...json },
      body: JSON.stringify({ originator: sender, recipients: ['{phone}'], body: '{digits}', language: '{localelower}', repeat: 3 }),
    }),
  },
} as const satisfies Record<string, Preset>

const twiml = encode('<Response><Say language="#" loop="3">@</Say></Response>').replace('%23', '{locale}').replace('%40', '{digits}')

export type SmsPreset = keyof typeof smsPresets
export type VoicePreset = keyof typeof voicePresets
export const smsPresetNames = Object.keys(smsPresets) as [SmsPreset, ...SmsPreset[]]
export const voicePresetNames = Object.keys(voicePresets) as [VoicePreset, ...VoicePreset[]]

/** @returns what is missing or unusable, as the end of a sentence that begins with the name of the setting */
export function presetProblems(
  preset: Preset,
  account: GatewayAccount,
): readonly { readonly setting: keyof GatewayAccount; readonly problem: string }[] {
  const missing = preset.needs.filter((name) => account[name] === '').map((setting) => ({ setting, problem: 'is not given' }))
  const needsOrigin = preset.origin === undefined && account.origin === undefined
  const broken = (['account', 'secret', 'sender'] as const).filter((name) => /[{}\r\n]/.test(account[name]))
  return [
    ...missing,
    ...(needsOrigin ? [{ setting: 'origin' as const, problem: 'is not given: this gateway gives every customer a host' }] : []),
    ...broken.map((setting) => ({ setting, problem: 'must not hold braces or line breaks' })),
  ]
}

/** The request of a gateway for an account without problems. */
export function presetRequest(preset: Preset, account: GatewayAccount): GatewayRequest {
  return preset.request({ ...account, origin: account.origin ?? preset.origin ?? '' })
}
