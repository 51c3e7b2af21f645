import { httpSmsProblems, httpVoiceProblems, presetProblems, smsPresets, voicePresets } from '../providers/index.js'
import { smsAccount, smsGateway, voiceAccount, voiceGateway } from './options-gateways.js'
import type { OptionName, Options } from './options-table.js'

interface Channel {
  /** What the names of its options begin with. */
  readonly name: 'sms' | 'voice'
  readonly adapter: 'console' | 'http'
  readonly gateway: string
  readonly url: string
  /** What is wrong with the account at a ready gateway. */
  readonly account: () => ReturnType<typeof presetProblems>
  /** What is wrong with the request. */
  readonly request: () => readonly string[]
}

function channelsOf(options: Options): readonly Channel[] {
  const { smsGateway: sms, voiceGateway: voice } = options
  return [
    {
      ...{ name: 'sms', adapter: options.sms, gateway: sms, url: options.smsUrl },
      account: () => (sms === 'custom' ? [] : presetProblems(smsPresets[sms], smsAccount(options))),
      request: () => httpSmsProblems(smsGateway(options)),
    },
    {
      ...{ name: 'voice', adapter: options.voice, gateway: voice, url: options.voiceUrl },
      account: () => (voice === 'custom' ? [] : presetProblems(voicePresets[voice], voiceAccount(options))),
      request: () => httpVoiceProblems(voiceGateway(options)),
    },
  ]
}

const customParts = ['Url', 'Method', 'Headers', 'Body', 'Accepted'] as const
const accountParts = ['Account', 'Secret', 'Sender', 'Origin'] as const

/** @returns one sentence for each thing about SMS and voice that contradicts another; none holds a secret */
export function gatewayProblems(options: Options, given: ReadonlySet<OptionName>): readonly string[] {
  return channelsOf(options).flatMap((channel) => channelProblems(channel, given))
}

function channelProblems(channel: Channel, given: ReadonlySet<OptionName>): readonly string[] {
  const { name, adapter, gateway, url } = channel
  const variable = `NYNJA_${name.toUpperCase()}`
  const needless = (parts: readonly string[], because: string): readonly string[] =>
    parts
      .filter((part) => given.has(`${name}${part}` as OptionName))
      .map((part) => `${variable}_${part.toUpperCase()} is given, but ${because}`)
  if (gateway !== 'custom') {
    if (adapter === 'console') return [`${variable}_GATEWAY is ${gateway}, but ${variable} is console`]
    const account = channel
      .account()
      .map(({ setting, problem }) => `${variable}_GATEWAY is ${gateway}, but ${variable}_${setting.toUpperCase()} ${problem}`)
    return [...needless(customParts, `${variable}_GATEWAY is ${gateway}`), ...account]
  }
  const idle = needless(accountParts, `${variable}_GATEWAY is custom`)
  if (adapter === 'console')
    return [...idle, ...(url === '' ? [] : [`${variable}_URL is given, but ${variable} is console; set it to http`])]
  if (url === '') return [...idle, `${variable} is http, but ${variable}_URL is not given`]
  return [...idle, ...channel.request().map((problem) => `${variable} (http): ${problem}`)]
}
