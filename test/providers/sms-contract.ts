import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ProviderOutage, type SmsProvider } from '../../src/providers/index.js'

export interface SentSms {
  readonly phone: string
  readonly text: string
  readonly code: string
}

export interface SmsUnderTest {
  readonly sms: SmsProvider
  /** What the far side has accepted so far, oldest first. */
  accepted(): readonly SentSms[]
  /** Makes the far side refuse or be gone from now on; a string says why this provider cannot fail. */
  readonly breakDown: (() => Promise<void>) | string
  close(): Promise<void>
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

/** The promises of {@link SmsProvider}; every implementation runs them unchanged. */
export function smsContract(name: string, open: () => Promise<SmsUnderTest>): void {
  describe(`${name} keeps the promises of an SMS provider`, () => {
    let under: SmsUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    test.each(awkwardTexts)('what is accepted is what was sent: %j', async (text) => {
      await under.sms.send('380501112233', text, '123456')
      expect(under.accepted()).toEqual([{ phone: '380501112233', text, code: '123456' }])
    })

    test('calls do not wait for each other, and each is accepted once', async () => {
      const codes = Array.from({ length: 20 }, (_, index) => String(100_000 + index))
      await Promise.all(codes.map((code) => under.sms.send('380501112233', `code ${code}`, code)))
      expect(
        under
          .accepted()
          .map(({ code }) => code)
          .sort(),
      ).toEqual(codes)
    })

    test('a failure is an outage that shows neither number, text nor code', async () => {
      if (typeof under.breakDown === 'string') {
        process.stdout.write(`${name} cannot fail: ${under.breakDown}\n`)
        return
      }
      await under.breakDown()
      const failure: unknown = await under.sms.send('380501112233', 'a secret word', '123456').catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ProviderOutage)
      const shown = `${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ''}`
      for (const secret of ['380501112233', 'a secret word', 'a%20secret', '123456']) expect(shown).not.toContain(secret)
      expect((failure as Error).cause).toBeUndefined()
    })
  })
}
