import type { SmsProvider } from '../../providers/index.js'
import { handOverContract, type HandOverUnderTest } from './hand-over-contract.js'

export interface SentSms {
  readonly phone: string
  readonly text: string
  readonly code: string
}

export interface SmsUnderTest extends Omit<HandOverUnderTest<SentSms>, 'send'> {
  readonly sms: SmsProvider
}

/** Texts that a careless adapter garbles. */
export const awkwardTexts = [
  'Your code: 123456',
  'quotes " and \' and \\ and / and <b>&amp;</b>',
  'query ?a=1&b=2#c %41 + plus',
  'two\nlines\r\n\tand a tab',
  'Ваш код: 123456 🔑',
  'a hole that is none: {code} {phone} {text} {',
]

const [phone, code] = ['380501112233', '123456']

/** The promises of {@link SmsProvider}; every implementation runs them unchanged. */
export function smsContract(name: string, open: () => Promise<SmsUnderTest>): void {
  const cases = {
    of: 'an SMS provider',
    awkward: awkwardTexts.map((text) => ({ phone, text, code })),
    numbered: (number: number) => ({ phone, text: `code ${String(100_000 + number)}`, code: String(100_000 + number) }),
    secret: { phone, text: 'a secret word', code },
    secrets: [phone, 'a secret word', 'a%20secret', code],
  }
  handOverContract(name, cases, async () => {
    const { sms, ...under } = await open()
    return { ...under, send: (sent: SentSms) => sms.send(sent.phone, sent.text, sent.code) }
  })
}
