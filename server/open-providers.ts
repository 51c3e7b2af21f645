import { readFileSync } from 'node:fs'
import {
  type CloudProvider,
  consoleEmail,
  consoleSms,
  consoleVoice,
  type EmailProvider,
  httpSms,
  httpVoice,
  type PushProvider,
  smtpEmail,
  type SmsProvider,
  stsCloud,
  type VoiceProvider,
} from '../providers/index.js'
import type { PushChannel } from '../rpc/index.js'
import type { Log } from './log.js'
import { openPushes } from './open-push.js'
import { cloudOptions, mailServer, smsGateway, voiceGateway } from './options-gateways.js'
import type { Options } from './options-table.js'

export interface Providers {
  readonly sms: SmsProvider
  readonly voice: VoiceProvider
  readonly email: EmailProvider
  readonly pushes: ReadonlyMap<PushChannel, PushProvider>
  /** Undefined where no credentials are made. */
  readonly cloud: CloudProvider | undefined
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
    pushes: openPushes(options),
    cloud: options.awsRole === '' ? undefined : stsCloud(cloudOptions(options)),
  }
}

function readCa({ smtpCa }: Options): string | undefined {
  return smtpCa === undefined ? undefined : readFileSync(smtpCa, 'utf8')
}
