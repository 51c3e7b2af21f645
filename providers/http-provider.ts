import { httpGatewayProblems, openHttpGateway, type GatewayChannel, type HttpGatewayOptions } from './http-gateway.js'
import type { SmsProvider } from './sms-provider.js'
import type { VoiceProvider } from './voice-provider.js'

const smsChannel: GatewayChannel = { name: 'SMS', offers: ['phone', 'text', 'code'], needs: [['phone'], ['text', 'code']] }
const voiceChannel: GatewayChannel = {
  name: 'voice',
  offers: ['phone', 'code', 'lang', 'locale', 'localelower', 'digits'],
  needs: [['phone'], ['code', 'digits']],
}

/** Sends SMS through any gateway that takes an HTTP request. @throws Error if {@link httpSmsProblems} finds any: check first */
export function httpSms(options: HttpGatewayOptions): SmsProvider {
  const handOver = openHttpGateway(options, smsChannel)
  return { send: (phone, text, code) => handOver({ phone, text, code }) }
}

/** Calls through any gateway that takes an HTTP request. @throws Error if {@link httpVoiceProblems} finds any: check first */
export function httpVoice(options: HttpGatewayOptions): VoiceProvider {
  const handOver = openHttpGateway(options, voiceChannel)
  return {
    call(phone, code, lang) {
      const locale = localeOf(lang)
      return handOver({ phone, code, lang, locale, localelower: locale.toLowerCase(), digits: Array.from(code).join(', ') })
    },
  }
}

const locales: ReadonlyMap<string, string> = new Map([
  ['ua', 'uk-UA'],
  ['uk', 'uk-UA'],
  ['de', 'de-DE'],
  ['es', 'es-ES'],
  ['fr', 'fr-FR'],
  ['it', 'it-IT'],
  ['nl', 'nl-NL'],
  ['pl', 'pl-PL'],
  ['pt', 'pt-PT'],
  ['ru', 'ru-RU'],
  ['zh', 'zh-CN'],
])

/** The locale of a language atom; English for those not listed. */
function localeOf(language: string): string {
  return locales.get(language) ?? 'en-US'
}

/** @returns one sentence for each thing that is wrong; none of them repeats a value */
export function httpSmsProblems(options: HttpGatewayOptions): readonly string[] {
  return httpGatewayProblems(options, smsChannel)
}

/** @returns one sentence for each thing that is wrong; none of them repeats a value */
export function httpVoiceProblems(options: HttpGatewayOptions): readonly string[] {
  return httpGatewayProblems(options, voiceChannel)
}
