import type { EmailProvider } from './email-provider.js'
import type { SmsProvider } from './sms-provider.js'
import type { VoiceProvider } from './voice-provider.js'

/** Takes one line for a person to read. */
export type PrintLine = (line: string) => void

/** For development: prints the message, code included, instead of sending it. Each line says so. */
export function consoleSms(print: PrintLine): SmsProvider {
  return {
    async send(phone, text, code) {
      print(`development only, no SMS is sent: to ${phone}, code ${code}: ${text}`)
    },
  }
}

/** For development: prints the message instead of sending it. Each line says so. */
export function consoleEmail(print: PrintLine): EmailProvider {
  return {
    async send(to, subject, text) {
      print(`development only, no e-mail is sent: to ${to}, subject ${subject}: ${text}`)
    },
  }
}

/** For development: prints the code instead of calling. Each line says so. */
export function consoleVoice(print: PrintLine): VoiceProvider {
  return {
    async call(phone, code, language) {
      print(`development only, nobody is called: to ${phone}, code ${code}, language ${language}`)
    },
  }
}
