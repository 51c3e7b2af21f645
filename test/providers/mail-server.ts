import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { type MailText, readMail } from './mail-text.js'

/** A mail that was accepted. */
export interface ReceivedMail extends MailText {
  readonly from: string
  readonly to: readonly string[]
  readonly isSecure: boolean
  /** Who had logged in; undefined for nobody. */
  readonly user: unknown
}

export interface MailServer {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Message ids of everything that came, accepted or not. */
  readonly seen: readonly (string | undefined)[]
  /** Connections so far. */
  readonly connections: number
  close(): Promise<void>
}

export interface MailServerParts {
  /** Before a login: TLS from the start, TLS when asked for, or none at all. */
  readonly security: 'starttls' | 'tls' | 'none'
  readonly certificate?: Certificate
  readonly login?: { readonly user: string; readonly password: string }
  /** SMTP reply codes for the first connections, 0 for none; the last one again and again. */
  readonly greets?: readonly number[]
  /** SMTP reply codes for the first receivers, likewise. */
  readonly answers?: readonly number[]
  /** SMTP reply codes for the first texts, likewise. */
  readonly verdicts?: readonly number[]
}

/** A certificate for localhost that nobody vouches for but itself. */
export interface Certificate {
  readonly file: string
  readonly key: string
  readonly cert: string
  remove(): void
}

export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'nynja-mail-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]
  execFileSync('openssl', [...made, ...named], { stdio: 'ignore' })
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true })
  }
  return { file: cert, key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), remove }
}

/** A real mail server on a free port of the loopback, which remembers what it has accepted. */
export async function startMailServer(parts: MailServerParts): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  const seen: (string | undefined)[] = []
  let connections = 0
  let receivers = 0
  const server = new SMTPServer({
    ...securityOf(parts),
    ...loginOf(parts),
    logger: false,
    closeTimeout: 1,
    disableReverseLookup: true,
    onConnect(_session, callback) {
      callback(refusal(parts.greets, connections++))
    },
    onRcptTo(_address, _session, callback) {
      callback(refusal(parts.answers, receivers++))
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.once('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail = readMail(Buffer.concat(chunks))
        const refused = refusal(parts.verdicts, seen.length)
        seen.push(mail.headers.get('message-id'))
        if (refused !== undefined) {
          callback(refused)
          return
        }
        mails.push({
          ...mail,
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          isSecure: session.secure,
          user: session.user,
        })
        callback()
      })
    },
  })
  // A client that hangs up is what some tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    seen,
    get connections() {
      return connections
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

function securityOf({ security, certificate, login }: MailServerParts): SMTPServerOptions {
  const keys = certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert }
  const disabledCommands = [...(security === 'none' ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])]
  return { ...keys, secure: security === 'tls', disabledCommands }
}

function loginOf({ login, security }: MailServerParts): SMTPServerOptions {
  if (login === undefined) return { authOptional: true }
  return {
    allowInsecureAuth: security === 'none',
    onAuth({ username, password }, _session, callback) {
      if (username === login.user && password === login.password) callback(null, { user: username })
      else callback(Object.assign(new Error(`no such login: ${String(username)} ${String(password)}`), { responseCode: 535 }))
    },
  }
}

function refusal(codes: readonly number[] | undefined, number: number): Error | undefined {
  const code = codes?.[Math.min(number, codes.length - 1)] ?? 0
  return code === 0 ? undefined : Object.assign(new Error('not anna@example.org, not now'), { responseCode: code })
}
