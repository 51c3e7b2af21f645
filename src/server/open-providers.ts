import { readFileSync } from 'node:fs'
import {
  consoleEmail,
  consoleSms,
  consoleVoice,
  type EmailProvider,
  httpSms,
  httpVoice,
  smtpEmail,
  type SmsProvider,
  type VoiceProvider,
} from '../providers/index.js'
import type { Log } from './log.js'
import { mailServer, smsGateway, voiceGateway } from './options-gateways.js'
import type { Options } from './options-table.js'

export interface Providers {
  readonly sms: SmsProvider
  readonly voice: VoiceProvider
  readonly email: EmailProvider
}

/** Opens the providers the options name. A console adapter is announced once, as a warning: it must not reach production unseen. */
export function openProviders(options: Options, log: Log): Providers {
  const print = (line: string) => log.info(line)
  for (const channel of ['sms', 'voice', 'email'] as const) {
    if (options[channel] === 'console') log.warn({ channel }, 'codes are printed on the log and not sent: for development only')
  }
  return {
    sms: options.sms === 'http' ? httpSms(smsGateway(options)) : consoleSms(print),
    voice: options.voice === 'http' ? httpVoice(voiceGateway(options)) : consoleVoice(print),
    email: options.email === 'smtp' ? smtpEmail(mailServer(options, readCa(options))) : consoleEmail(print),
  }
}

function readCa({ smtpCa }: Options): string | undefined {
  return smtpCa === undefined ? undefined : readFileSync(smtpCa, 'utf8')
}
