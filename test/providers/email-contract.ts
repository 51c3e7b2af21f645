import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmailProvider, ProviderOutage } from '../../providers/index.js'
import { awkwardTexts } from './sms-contract.js'

export interface SentEmail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

export interface EmailUnderTest {
  readonly email: EmailProvider
  /** What the far side has accepted so far, oldest first. */
  accepted(): readonly SentEmail[]
  /** Makes the far side refuse or be gone from now on; a string says why this provider cannot fail. */
  readonly breakDown: (() => Promise<void>) | string
  close(): Promise<void>
}

/** Texts that a careless adapter takes for a part of SMTP or MIME. */
const texts = [
  ...awkwardTexts,
  '.',
  'a line\n.\nand another\n..',
  'From here on\n>From there on',
  'an = at the end =\nand a blank \n',
  '\n\nheader: no header',
  'x'.repeat(2_000),
]

const subjects = ['Your code', 'Ваш код 🔑', 'a "quoted" <b>, with = and ?', 'x'.repeat(200)]

/** Line breaks are those of e-mail; that a text ends in one is not told. */
const lines = (text: string): string => text.replaceAll(/\r?\n/g, '\n').replace(/\n$/, '')

/** The promises of {@link EmailProvider}; every implementation runs them unchanged. */
export function emailContract(name: string, open: () => Promise<EmailUnderTest>): void {
  describe(`${name} keeps the promises of an e-mail provider`, () => {
    let under: EmailUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    const accepted = () => under.accepted().map((mail) => ({ ...mail, text: lines(mail.text) }))

    test('what is accepted are the texts and subjects that were sent, to those they were sent to', async () => {
      const mails = [
        ...texts.map((text, i) => ({ to: `text${String(i)}@example.org`, subject: 'Your code', text })),
        ...subjects.map((subject, i) => ({ to: `o'neil+${String(i)}@sub.example.org`, subject, text: 'text' })),
      ]
      await Promise.all(mails.map(({ to, subject, text }) => under.email.send(to, subject, text)))
      const byReceiver = new Map(accepted().map((mail) => [mail.to, mail]))
      expect(mails.map(({ to }) => byReceiver.get(to))).toEqual(mails.map((mail) => ({ ...mail, text: lines(mail.text) })))
    })

    test('calls do not wait for each other, and each is accepted once', async () => {
      const receivers = Array.from({ length: 20 }, (_, index) => `a${String(100 + index)}@example.org`)
      await Promise.all(receivers.map((to) => under.email.send(to, 'subject', to)))
      expect(
        accepted()
          .map(({ text }) => text)
          .sort(),
      ).toEqual(receivers)
    })

    test('a failure is an outage that shows neither address, subject nor text', async () => {
      if (typeof under.breakDown === 'string') {
        process.stdout.write(`${name} cannot fail: ${under.breakDown}\n`)
        return
      }
      await under.breakDown()
      const failure: unknown = await under.email.send('anna@example.org', 'a subject', 'a secret word').catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ProviderOutage)
      const shown = `${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ''}`
      for (const secret of ['anna', 'a subject', 'a secret word']) expect(shown).not.toContain(secret)
      expect((failure as Error).cause).toBeUndefined()
    })
  })
}
