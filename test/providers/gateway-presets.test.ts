/** Ready gateways, each against a server that takes what the public documentation of that gateway's API asks for, and nothing else. */
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  type GatewayAccount,
  httpSms,
  httpSmsProblems,
  httpVoice,
  httpVoiceProblems,
  presetProblems,
  presetRequest,
  type SmsPreset,
  smsPresetNames,
  smsPresets,
  type VoicePreset,
  voicePresetNames,
  voicePresets,
} from '../../providers/index.js'
import { type GatewayRequest, type GatewayServer, startGateway } from './gateway-server.js'
import { type SentSms, smsContract } from './sms-contract.js'
import { type MadeCall, voiceContract } from './voice-contract.js'
import { patienceMs } from '../patience.js'

const account: GatewayAccount = { account: 'AC/1', secret: 'top-secret', sender: 'Tówn & "Co"', origin: undefined }
const basic = `Basic ${Buffer.from('AC/1:top-secret').toString('base64')}`
const limits = { timeoutMs: patienceMs, retries: 1, retryDelayMs: 1 }

/** An API as its documentation tells it. */
interface Api<Sent> {
  readonly path: string
  readonly authorization: string
  readonly contentType: string
  /** Status and body of the answer to a message that is accepted. */
  readonly accepts: readonly [status: number, body: object]
  /** What is sent, as the API reads it; fields that must not be there or must be so are asserted. */
  readonly read: (request: GatewayRequest) => Sent
}

type Answer = readonly [status: number, body: object]

/** A gateway that answers 400 to whatever is not for its API. */
function serve<Sent>(api: Api<Sent>, seen: Sent[], answer: Answer = api.accepts): Promise<GatewayServer> {
  return startGateway((response, number, request) => {
    const { method, url, headers } = request
    const isRight = method === 'POST' && url === api.path && headers.authorization === api.authorization
    const isReadable = String(headers['content-type']).startsWith(api.contentType)
    const [status, body] = isRight && isReadable ? answer : ([400, { error: `request ${String(number)}` }] as const)
    if (status < 300) seen.push(api.read(request))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, null, 2))
  })
}

const bodyOf = (request: GatewayRequest): Record<string, unknown> => JSON.parse(request.body) as Record<string, unknown>
const noCode = { code: '123456' }
const sent = (phone: unknown, text: unknown): SentSms => ({ phone: String(phone), text: String(text), ...noCode })

/** International form with its sign. */
function withPlus(phone: unknown): string {
  expect(phone).toMatch(/^\+\d+$/)
  return String(phone).slice(1)
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

const smsApis: Record<SmsPreset, Api<SentSms>> = {
  twilio: {
    path: '/2010-04-01/Accounts/AC%2F1/Messages.json',
    authorization: basic,
    contentType: form,
    accepts: [201, { sid: 'SM1', status: 'queued' }],
    read(request) {
      const fields = Object.fromEntries(new URLSearchParams(request.body))
      expect(Object.keys(fields).sort()).toEqual(['Body', 'From', 'To'])
      expect(fields['From']).toBe(account.sender)
      return sent(withPlus(fields['To']), fields['Body'])
    },
  },
  vonage: {
    path: '/v1/messages',
    authorization: basic,
    contentType: json,
    accepts: [202, { message_uuid: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab' }],
    read(request) {
      const { to, text, ...rest } = bodyOf(request)
      expect(rest).toEqual({ message_type: 'text', channel: 'sms', from: account.sender })
      expect(to).toMatch(/^\d+$/)
      return sent(to, text)
    },
  },
  messagebird: {
    path: '/messages',
    authorization: 'AccessKey top-secret',
    contentType: json,
    accepts: [201, { id: '1', recipients: { totalSentCount: 1 } }],
    read(request) {
      const { recipients, body, ...rest } = bodyOf(request)
      expect(rest).toEqual({ originator: account.sender, datacoding: 'auto' })
      return sent((recipients as unknown[])[0], body)
    },
  },
  bird: {
    path: '/workspaces/AC/channels/1/messages',
    authorization: 'AccessKey top-secret',
    contentType: json,
    accepts: [202, { id: '1', status: 'accepted' }],
    read(request) {
      const { receiver, body } = bodyOf(request) as {
        receiver: { contacts: { identifierKey: string; identifierValue: string }[] }
        body: { type: string; text: { text: string } }
      }
      expect([receiver.contacts.length, receiver.contacts[0]?.identifierKey, body.type]).toEqual([1, 'phonenumber', 'text'])
      return sent(withPlus(receiver.contacts[0]?.identifierValue), body.text.text)
    },
  },
  infobip: {
    path: '/sms/2/text/advanced',
    authorization: 'App top-secret',
    contentType: json,
    accepts: [200, { messages: [{ status: { groupId: 1, groupName: 'PENDING', id: 26, name: 'PENDING_ACCEPTED' } }] }],
    read(request) {
      const { messages } = bodyOf(request) as { messages: { from: string; destinations: { to: string }[]; text: string }[] }
      expect([messages.length, messages[0]?.from]).toEqual([1, account.sender])
      return sent(messages[0]?.destinations[0]?.to, messages[0]?.text)
    },
  },
  plivo: {
    path: '/v1/Account/AC%2F1/Message/',
    authorization: basic,
    contentType: json,
    accepts: [202, { message: 'message(s) queued', message_uuid: ['1'] }],
    read(request) {
      const { src, dst, text } = bodyOf(request)
      expect(src).toBe(account.sender)
      return sent(dst, text)
    },
  },
  sinch: {
    path: '/xms/v1/AC%2F1/batches',
    authorization: 'Bearer top-secret',
    contentType: json,
    accepts: [201, { id: '1', type: 'mt_text' }],
    read(request) {
      const { from, to, body } = bodyOf(request)
      expect(from).toBe(account.sender)
      return sent((to as unknown[])[0], body)
    },
  },
  telnyx: {
    path: '/v2/messages',
    authorization: 'Bearer top-secret',
    contentType: json,
    accepts: [200, { data: { id: '1', record_type: 'message' } }],
    read(request) {
      const { from, to, text } = bodyOf(request)
      expect(from).toBe(account.sender)
      return sent(withPlus(to), text)
    },
  },
}

const languages: ReadonlyMap<string, string> = new Map([
  ['en-US', 'en'],
  ['uk-UA', 'ua'],
  ['it-IT', 'it'],
])

const lowerLanguages = new Map([...languages].map(([locale, language]) => [locale.toLowerCase(), language]))

function spoken(digits: string): string {
  expect(digits).toMatch(/^\d(, \d)*$/)
  return digits.replaceAll(', ', '')
}

const voiceApis: Record<VoicePreset, Api<MadeCall>> = {
  twilio: {
    path: '/2010-04-01/Accounts/AC%2F1/Calls.json',
    authorization: basic,
    contentType: form,
    accepts: [201, { sid: 'CA1', status: 'queued' }],
    read(request) {
      const { To, From, Twiml } = Object.fromEntries(new URLSearchParams(request.body)) as Record<string, string>
      expect(From).toBe(account.sender)
      const [, locale = '', digits = ''] =
        /^<Response><Say language="([\w-]+)" loop="3">([\d, ]+)<\/Say><\/Response>$/.exec(Twiml ?? '') ?? []
      return { phone: withPlus(To), code: spoken(digits), language: languages.get(locale) ?? locale }
    },
  },
  messagebird: {
    path: '/voicemessages',
    authorization: 'AccessKey top-secret',
    contentType: json,
    accepts: [201, { id: '1' }],
    read(request) {
      const { originator, recipients, body, language, repeat } = bodyOf(request)
      expect([originator, repeat]).toEqual([account.sender, 3])
      return {
        phone: String((recipients as unknown[])[0]),
        code: spoken(String(body)),
        language: lowerLanguages.get(String(language)) ?? '',
      }
    },
  },
}

function openSms(name: SmsPreset, origin: string) {
  return httpSms({ ...presetRequest(smsPresets[name], { ...account, origin }), ...limits })
}

for (const name of smsPresetNames)
  smsContract(`${name}, ready,`, async () => {
    const seen: SentSms[] = []
    const gateway = await serve(smsApis[name], seen)
    return {
      sms: openSms(name, gateway.origin),
      // A text is all these gateways are given: the code is in it.
      accepted: () => seen.map((one) => ({ ...one, code: /^code (\d+)$/.exec(one.text)?.[1] ?? one.code })),
      breakDown: () => gateway.close(),
      close: () => gateway.close(),
    }
  })

for (const name of voicePresetNames)
  voiceContract(
    `${name}, ready,`,
    async () => {
      const seen: MadeCall[] = []
      const gateway = await serve(voiceApis[name], seen)
      return {
        voice: httpVoice({ ...presetRequest(voicePresets[name], { ...account, origin: gateway.origin }), ...limits }),
        accepted: () => seen,
        breakDown: () => gateway.close(),
        close: () => gateway.close(),
      }
    },
    ['en', 'ua', 'it'],
  )

describe('a ready gateway', () => {
  let gateway: GatewayServer | undefined
  afterEach(async () => {
    await gateway?.close()
    gateway = undefined
  })

  test.each([...smsPresetNames])('%s that refuses the key is a permanent outage', async (name) => {
    gateway = await serve(smsApis[name], [], [401, { message: 'Unauthorized' }])
    await expect(openSms(name, gateway.origin).send('380501112233', 'hello', '123456')).rejects.toMatchObject({
      isPermanent: true,
      status: 401,
    })
  })

  test('Infobip that answers 200 and rejects the message has not accepted it', async () => {
    const rejected = { messages: [{ status: { groupId: 5, groupName: 'REJECTED', name: 'REJECTED_NOT_ENOUGH_CREDITS' } }] }
    gateway = await serve(smsApis.infobip, [], [200, rejected])
    await expect(openSms('infobip', gateway.origin).send('380501112233', 'hello', '123456')).rejects.toMatchObject({
      isPermanent: true,
      status: 200,
    })
  })

  test('makes requests that are right by the rules of all gateways', () => {
    const own = { ...account, origin: 'https://gateway.example' }
    for (const name of smsPresetNames) expect(httpSmsProblems({ ...presetRequest(smsPresets[name], own), ...limits })).toEqual([])
    for (const name of voicePresetNames) expect(httpVoiceProblems({ ...presetRequest(voicePresets[name], own), ...limits })).toEqual([])
  })

  test.each<{ wrong: string; preset: SmsPreset; change: Partial<GatewayAccount>; settings: readonly string[] }>([
    { wrong: 'nothing', preset: 'twilio', change: {}, settings: [] },
    { wrong: 'an account that is needed', preset: 'twilio', change: { account: '' }, settings: ['account'] },
    { wrong: 'everything', preset: 'sinch', change: { account: '', secret: '', sender: '' }, settings: ['account', 'secret', 'sender'] },
    { wrong: 'no account where none is needed', preset: 'messagebird', change: { account: '' }, settings: [] },
    { wrong: 'no host of the customer', preset: 'infobip', change: {}, settings: ['origin'] },
    { wrong: 'a hole in the sender', preset: 'telnyx', change: { sender: '{phone}' }, settings: ['sender'] },
    { wrong: 'a line break in the secret', preset: 'bird', change: { secret: 'a\nb' }, settings: ['secret'] },
  ])('is not opened with $wrong ($preset)', ({ preset, change, settings }) => {
    expect(presetProblems(smsPresets[preset], { ...account, ...change }).map(({ setting }) => setting)).toEqual(settings)
  })
})
