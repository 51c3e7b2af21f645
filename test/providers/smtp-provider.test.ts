/** E-mail by SMTP, against real mail servers on the loopback. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { ProviderOutage, smtpEmail, type SmtpOptions, smtpProblems } from '../../providers/index.js'
import { emailContract } from './email-contract.js'
import { type Certificate, type MailServer, type MailServerParts, makeCertificate, startMailServer } from './mail-server.js'
import { patienceMs } from '../patience.js'

const login = { user: 'nynja-user', password: 'top-secret' }

let certificate: Certificate
beforeAll(() => {
  certificate = makeCertificate()
})
afterAll(() => {
  certificate.remove()
})

function smtpOptions(port: number, change: Partial<SmtpOptions> = {}): SmtpOptions {
  return {
    ...{ host: 'localhost', port, security: 'starttls', ...login, from: 'Nynja <no-reply@nynja.example>' },
    ...{ ca: certificate.cert, timeoutMs: patienceMs, retries: 2, retryDelayMs: 1, ...change },
  }
}

for (const { name, parts, change } of [
  { name: 'SMTP with STARTTLS', parts: { security: 'starttls', login }, change: {} },
  { name: 'SMTP over TLS', parts: { security: 'tls', login }, change: { security: 'tls' } },
  { name: 'SMTP in the clear', parts: { security: 'none' }, change: { security: 'none', user: '', password: '', ca: undefined } },
] as const)
  emailContract(name, async () => {
    const server = await startMailServer({ ...parts, certificate })
    let isOpen = true
    const close = async (): Promise<void> => {
      if (isOpen) await server.close()
      isOpen = false
    }
    return {
      email: smtpEmail(smtpOptions(server.port, change)),
      accepted: () => server.mails.map(({ to, headers, text }) => ({ to: to.join(), subject: headers.get('subject') ?? '', text })),
      breakDown: close,
      close,
    }
  })

describe('a mail', () => {
  let server: MailServer | undefined
  afterEach(async () => {
    await server?.close()
    server = undefined
  })

  async function openTo(parts: Partial<MailServerParts> = {}, change: Partial<SmtpOptions> = {}) {
    const started = await startMailServer({ security: 'starttls', login, certificate, ...parts })
    server = started
    const email = smtpEmail(smtpOptions(started.port, change))
    return { server: started, send: () => email.send('anna@example.org', 'Your code', 'Your code is 123456.') }
  }

  test.each(['starttls', 'tls'] as const)('goes through TLS and after a login where the security is %s', async (security) => {
    const { server, send } = await openTo({ security }, { security })
    await send()
    expect(server.mails).toMatchObject([{ from: 'no-reply@nynja.example', to: ['anna@example.org'], isSecure: true, user: login.user }])
  })

  test('says who sends it, that a program did, and nothing of the program', async () => {
    const { server, send } = await openTo()
    await send()
    const { headers } = server.mails[0]!
    expect(headers.get('from')).toBe('Nynja <no-reply@nynja.example>')
    expect(headers.get('to')).toBe('anna@example.org')
    expect(headers.get('auto-submitted')).toBe('auto-generated')
    expect(headers.get('message-id')).toMatch(/^<[\w-]+@nynja\.example>$/)
    expect(headers.get('content-type')).toMatch(/^text\/plain; charset=utf-8/)
    expect([...headers.keys()].filter((name) => name.startsWith('x-') || name === 'bcc')).toEqual([])
  })

  test('that is refused for the moment (greylisting) is sent again', async () => {
    const { server, send } = await openTo({ answers: [451, 450, 0] })
    await send()
    expect(server.mails).toHaveLength(1)
    expect(server.connections).toBe(3)
  })

  test('that is refused after it was sent is sent again under the same id', async () => {
    const { server, send } = await openTo({ verdicts: [452, 0] })
    await send()
    expect(server.mails).toHaveLength(1)
    expect([server.seen.length, new Set(server.seen).size]).toEqual([2, 1])
  })

  test('is sent again to a server that was too busy to greet', async () => {
    const { server, send } = await openTo({ greets: [421, 0] })
    await send()
    expect(server.mails).toHaveLength(1)
  })

  test('that is refused for the moment each time is an outage that is not permanent', async () => {
    const { server, send } = await openTo({ answers: [451] })
    expect(await failureOf(send())).toMatchObject({ reason: 'refused', status: 451, isPermanent: false })
    expect(server.connections).toBe(3)
  })

  test.each([550, 552, 553])('that is refused with %i is not sent again', async (status) => {
    const { server, send } = await openTo({ answers: [status, 0] })
    expect(await failureOf(send())).toMatchObject({ reason: 'refused', status, isPermanent: true })
    expect([server.connections, server.mails]).toEqual([1, []])
  })

  test('is not sent where the login fails, nor is the login tried again', async () => {
    const { server, send } = await openTo({}, { password: 'no-such-secret' })
    expect(await failureOf(send())).toMatchObject({ reason: 'refused', status: 535, isPermanent: true })
    expect([server.connections, server.mails]).toEqual([1, []])
  })

  test('is not sent where a login is configured and the server offers none', async () => {
    const open = await startMailServer({ security: 'none' })
    server = open
    const email = smtpEmail(smtpOptions(open.port, { security: 'none', ca: undefined }))
    expect(await failureOf(email.send('anna@example.org', 'subject', 'text'))).toMatchObject({ isPermanent: true })
    expect(open.mails).toEqual([])
  })

  test('is not sent in the clear where the server does not change to TLS', async () => {
    const { server, send } = await openTo({ security: 'none' })
    expect(await failureOf(send())).toMatchObject({ reason: 'refused', isPermanent: true })
    expect(server.mails).toEqual([])
  })

  test.each(['starttls', 'tls'] as const)('is not sent to a server nobody vouches for (%s)', async (security) => {
    const { server, send } = await openTo({ security }, { security, ca: undefined })
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: true })
    expect(failure.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT: its certificate is not trusted')
    expect([server.mails, server.connections]).toEqual([[], security === 'tls' ? 0 : 1])
  })

  test('is not sent where TLS is spoken to a server that begins without, nor tried again', async () => {
    const { server, send } = await openTo({ security: 'starttls' }, { security: 'tls' })
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: true })
    expect(failure.message).toMatch(/WRONG_VERSION_NUMBER: .*the security mode is wrong/)
    expect(server.mails).toEqual([])
  })

  test('is not sent to a server of another name', async () => {
    const { server, send } = await openTo({}, { host: '127.0.0.1' })
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: true })
    expect(failure.message).toContain('its certificate is for another name')
    expect(server.mails).toEqual([])
  })

  test('to a port where nobody listens is unreachable', async () => {
    const { server, send } = await openTo()
    await server.close()
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: false })
    expect(failure.message).toContain('ECONNREFUSED: nobody listens on that port')
  })
})

async function failureOf(promise: Promise<void>): Promise<ProviderOutage> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof ProviderOutage)) throw new Error('expected an outage', { cause: failure })
  const shown = `${failure.message} ${failure.stack ?? ''}`
  for (const secret of [login.user, login.password, 'no-such-secret', 'anna', '123456']) expect(shown).not.toContain(secret)
  return failure
}

/** Writes the line again and again: it is never silent, and never done. */
function drip(socket: Socket, line: string): void {
  const timer = setInterval(() => socket.write(line), 10)
  socket.once('close', () => {
    clearInterval(timer)
  })
}

describe('a server that hangs', () => {
  let hanging: Server | undefined
  const sockets = new Set<Socket>()
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    await new Promise((resolve) => hanging?.close(resolve))
  })

  async function startHanging(onSocket: (socket: Socket, number: number) => void): Promise<number> {
    let number = 0
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      onSocket(socket, number++)
    })
    hanging = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  const clear = { security: 'none', user: '', password: '', ca: undefined, timeoutMs: 200, retries: 1 } as const
  const sendTo = (port: number) => smtpEmail(smtpOptions(port, clear)).send('anna@example.org', 'subject', 'text')

  test.each([
    { how: 'says nothing', onSocket: () => undefined },
    { how: 'greets and says nothing more', onSocket: (socket: Socket) => socket.write('220 mail\r\n') },
    { how: 'greets without end', onSocket: (socket: Socket) => drip(socket, '220-wait\r\n') },
    {
      how: 'answers without end',
      onSocket: (socket: Socket) => {
        socket.write('220 mail\r\n')
        socket.once('data', () => {
          drip(socket, '250-wait\r\n')
        })
      },
    },
  ])('and $how is a timeout, and its connection is closed', async ({ onSocket }) => {
    const closed: Promise<void>[] = []
    const port = await startHanging((socket) => {
      closed.push(new Promise((resolve) => socket.resume().once('close', resolve)))
      onSocket(socket)
    })
    expect(await failureOf(sendTo(port))).toMatchObject({ reason: 'timeout', isPermanent: false })
    await Promise.all(closed)
    expect(closed).toHaveLength(2)
  })

  test('and hangs up is unreachable, after its retries', async () => {
    let connections = 0
    const port = await startHanging((socket) => {
      connections += 1
      socket.destroy()
    })
    expect(await failureOf(sendTo(port))).toMatchObject({ reason: 'unreachable', isPermanent: false })
    expect(connections).toBe(2)
  })
})

describe('options of a mail server', () => {
  test.each<{ wrong: string; change: Partial<SmtpOptions>; says: RegExp }>([
    { wrong: 'a user without a password', change: { password: '' }, says: /together/ },
    { wrong: 'a password without a user', change: { user: '' }, says: /together/ },
    { wrong: 'a password in the clear', change: { security: 'none', host: 'mail.example' }, says: /without TLS/ },
    { wrong: 'STARTTLS on the port of TLS', change: { port: 465 }, says: /port 465/ },
    { wrong: 'TLS on the port of STARTTLS', change: { port: 587, security: 'tls' }, says: /port 587/ },
    { wrong: 'a sender that is no address', change: { from: 'Nynja' }, says: /sender/ },
    { wrong: 'a sender of two lines', change: { from: 'a@b.cd\r\nBcc: x@y.zz' }, says: /sender/ },
  ])('$wrong is a problem, and shows no value', ({ change, says }) => {
    const options = smtpOptions(2_525, change)
    const problems = smtpProblems(options)
    expect(problems).toEqual([expect.stringMatching(says)])
    for (const secret of Object.values(login)) expect(problems.join()).not.toContain(secret)
    expect(() => smtpEmail(options)).toThrow(says)
  })

  test.each<Partial<SmtpOptions>>([
    {},
    { port: 465, security: 'tls' },
    { port: 25, security: 'none', user: '', password: '', host: 'relay.example' },
    { security: 'none', host: '127.0.0.1' },
    { from: 'no-reply@nynja.example' },
    { from: '<no-reply@nynja.example>' },
    { from: 'Ниня, Inc. <no-reply@nynja.example>' },
  ])('%j is no problem', (change) => {
    expect(smtpProblems(smtpOptions(2_525, change))).toEqual([])
  })
})
