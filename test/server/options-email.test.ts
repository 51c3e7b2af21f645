/** Options of the mail server: what they come to, and what is refused at start. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mailServer } from '../../server/options-gateways.js'
import { loadOptions } from '../../server/options-load.js'
import type { Options } from '../../server/options-table.js'
import { makeCertificate } from '../providers/mail-server.js'

type Environment = Readonly<Record<string, string>>

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nynja-options-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const smtp = { NYNJA_EMAIL: 'smtp', NYNJA_SMTP_HOST: 'mail.example', NYNJA_SMTP_FROM: 'Nynja <no-reply@nynja.example>' }
const login = { NYNJA_SMTP_USER: 'nynja', NYNJA_SMTP_PASSWORD: 'top-secret' }

function optionsOf(env: Environment = {}): Options {
  const loaded = loadOptions([], env, folder)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  return loaded.options
}

function problemsOf(env: Environment): readonly string[] {
  const loaded = loadOptions([], env, folder)
  return loaded.kind === 'problems' ? loaded.problems : []
}

test('nothing needs to be given: codes are printed', () => {
  expect(optionsOf()).toMatchObject({ email: 'console', smtpHost: undefined, smtpSecurity: 'starttls', smtpPort: 587 })
})

describe('the port is the usual one of the security, unless one is given', () => {
  test.each([
    ['starttls', 587],
    ['tls', 465],
    ['none', 25],
  ])('%s: %i', (NYNJA_SMTP_SECURITY, port) => {
    expect(mailServer(optionsOf({ ...smtp, NYNJA_SMTP_SECURITY }))).toMatchObject({ security: NYNJA_SMTP_SECURITY, port })
    expect(optionsOf({ ...smtp, NYNJA_SMTP_SECURITY, NYNJA_SMTP_PORT: '2525' }).smtpPort).toBe(2_525)
  })
})

test.each<{ contradiction: string; env: Environment; says: readonly string[] }>([
  {
    contradiction: 'a mail server that is not used',
    env: { NYNJA_SMTP_HOST: 'mail.example' },
    says: ['NYNJA_SMTP_HOST is given, but NYNJA_EMAIL is console; set it to smtp'],
  },
  {
    contradiction: 'smtp without a server and a sender',
    env: { NYNJA_EMAIL: 'smtp' },
    says: ['NYNJA_EMAIL is smtp, but NYNJA_SMTP_HOST is not given', 'NYNJA_EMAIL is smtp, but NYNJA_SMTP_FROM is not given'],
  },
  {
    contradiction: 'a sender that is no address',
    env: { ...smtp, NYNJA_SMTP_FROM: 'Nynja' },
    says: ['NYNJA_EMAIL (smtp): the sender must be an address, or a name and an address in angle brackets'],
  },
  {
    contradiction: 'a user without a password',
    env: { ...smtp, NYNJA_SMTP_USER: 'nynja' },
    says: ['NYNJA_EMAIL (smtp): user and password must be given together'],
  },
  {
    contradiction: 'a password in the clear',
    env: { ...smtp, ...login, NYNJA_SMTP_SECURITY: 'none' },
    says: ['NYNJA_EMAIL (smtp): a password must not go over the network without TLS'],
  },
  {
    contradiction: 'STARTTLS on the port of TLS',
    env: { ...smtp, NYNJA_SMTP_PORT: '465' },
    says: ['NYNJA_EMAIL (smtp): port 465 speaks TLS from the start: set the security to tls'],
  },
  {
    contradiction: 'certificates without TLS',
    env: { ...smtp, NYNJA_SMTP_SECURITY: 'none', NYNJA_SMTP_CA: '/dev/null' },
    says: ['NYNJA_SMTP_CA is given, but NYNJA_SMTP_SECURITY is none'],
  },
  {
    contradiction: 'certificates that are not there',
    env: { ...smtp, NYNJA_SMTP_CA: '/no/such/file.pem' },
    says: ['NYNJA_SMTP_CA: /no/such/file.pem cannot be read'],
  },
])('$contradiction is a contradiction', ({ env, says }) => {
  expect(problemsOf(env)).toEqual(says)
})

test.each([
  ['NYNJA_EMAIL', 'sendmail'],
  ['NYNJA_SMTP_HOST', 'http://mail.example'],
  ['NYNJA_SMTP_PORT', '0'],
  ['NYNJA_SMTP_PORT', 'off'],
  ['NYNJA_SMTP_SECURITY', 'ssl'],
  ['NYNJA_SMTP_TIMEOUT_MS', '99'],
  ['NYNJA_SMTP_RETRIES', '11'],
])('%s may not be "%s"', (variable, value) => {
  expect(problemsOf({ ...smtp, [variable]: value })).toEqual([expect.stringMatching(`^${variable} must be `)])
})

test('user and password are masked where the options are shown', () => {
  const certificate = makeCertificate()
  writeFileSync(join(folder, 'ca.pem'), certificate.cert)
  certificate.remove()
  const loaded = loadOptions(['--print-config'], { ...smtp, ...login, NYNJA_SMTP_CA: 'ca.pem' }, folder)
  const text = loaded.kind === 'print' ? loaded.text : ''
  expect(JSON.parse(text)).toMatchObject({
    ...{ email: 'smtp', smtpHost: 'mail.example', smtpUser: '***', smtpPassword: '***' },
    ...{ smtpFrom: smtp.NYNJA_SMTP_FROM, smtpCa: join(folder, 'ca.pem') },
  })
  expect(text).not.toContain('top-secret')
})
