import { expect, test } from '@jest/globals'
import { consoleEmail, consoleSms, consoleVoice } from '../../providers/index.js'
import { emailContract } from './email-contract.js'
import { smsContract } from './sms-contract.js'
import { voiceContract } from './voice-contract.js'

const cannotFail = 'it prints a line'
const close = () => Promise.resolve()

smsContract('the console', async () => {
  const lines: string[] = []
  return {
    sms: consoleSms((line) => lines.push(line)),
    accepted: () =>
      lines.map((line) => {
        const [, phone = '', code = '', text = ''] = /to (\d+), code (\d+): (.*)$/s.exec(line) ?? []
        return { phone, text, code }
      }),
    breakDown: cannotFail,
    close,
  }
})

voiceContract('the console', async () => {
  const lines: string[] = []
  return {
    voice: consoleVoice((line) => lines.push(line)),
    accepted: () =>
      lines.map((line) => {
        const [, phone = '', code = '', language = ''] = /to (\d+), code (\d+), language (.*)$/.exec(line) ?? []
        return { phone, code, language }
      }),
    breakDown: cannotFail,
    close,
  }
})

emailContract('the console', async () => {
  const lines: string[] = []
  return {
    email: consoleEmail((line) => lines.push(line)),
    accepted: () =>
      lines.map((line) => {
        const [, to = '', subject = '', text = ''] = /to (\S+), subject (.*?): (.*)$/s.exec(line) ?? []
        return { to, subject, text }
      }),
    breakDown: cannotFail,
    close,
  }
})

test('each line says that it is for development', async () => {
  const lines: string[] = []
  await consoleSms((line) => lines.push(line)).send('380501112233', 'code 123456', '123456')
  await consoleVoice((line) => lines.push(line)).call('380501112233', '123456', 'en')
  await consoleEmail((line) => lines.push(line)).send('anna@example.org', 'Your code', 'code 123456')
  expect(lines).toHaveLength(3)
  for (const line of lines) expect(line).toMatch(/^development only/)
})
