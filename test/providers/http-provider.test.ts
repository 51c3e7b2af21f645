import { afterEach, describe, expect, test } from '@jest/globals'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { httpSms, httpSmsProblems, httpVoice, httpVoiceProblems, ProviderOutage, type HttpGatewayOptions } from '../../providers/index.js'
import { startGateway, statuses, type GatewayRequest, type GatewayServer, type Respond } from './gateway-server.js'
import { makeCertificate } from './mail-server.js'
import { smsContract, type SentSms } from './sms-contract.js'
import { voiceContract } from './voice-contract.js'
import { patienceMs } from '../patience.js'

const secretHeader = 'Bearer top-secret'

function gatewayOptions(url: string, change: Partial<HttpGatewayOptions> = {}): HttpGatewayOptions {
  return { url, method: 'POST', headers: {}, body: '', timeoutMs: patienceMs, retries: 2, retryDelayMs: 1, ...change }
}

/** The same message by the ways a gateway may want it; `read` is the gateway's own, independent decoder. */
const smsForms: readonly {
  readonly form: string
  readonly path: string
  readonly change: Partial<HttpGatewayOptions>
  readonly read: (request: GatewayRequest) => SentSms
}[] = [
  {
    form: 'HTTP with a JSON body',
    path: '/messages',
    change: { body: '{"to":"+{phone}","message":{"text":"{text}","code":"{code}"}}' },
    read: ({ body }) => {
      const { to, message } = JSON.parse(body) as { to: string; message: { text: string; code: string } }
      return { phone: to.slice(1), text: message.text, code: message.code }
    },
  },
  {
    form: 'HTTP with a query',
    path: '/send?key=top-secret&to={phone}&text={text}&code={code}',
    change: { method: 'GET' },
    read: ({ url }) => readParameters(new URL(url, 'http://gateway').searchParams),
  },
  {
    form: 'HTTP with a form body',
    path: '/send',
    change: { headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, body: 'to={phone}&text={text}&code={code}' },
    read: ({ body }) => readParameters(new URLSearchParams(body)),
  },
  {
    form: 'HTTP with a plain body',
    path: '/send/{phone}/{code}',
    change: { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: '{text}' },
    read: ({ url, body }) => {
      const [, , phone = '', code = ''] = url.split('/')
      return { phone, text: body, code }
    },
  },
]

function readParameters(parameters: URLSearchParams): SentSms {
  return { phone: parameters.get('to') ?? '', text: parameters.get('text') ?? '', code: parameters.get('code') ?? '' }
}

for (const { form, path, change, read } of smsForms) {
  smsContract(form, async () => {
    const gateway = await startGateway(statuses(200))
    return {
      sms: httpSms(gatewayOptions(gateway.origin + path, change)),
      accepted: () => gateway.requests.map(read),
      breakDown: () => gateway.close(),
      close: () => gateway.close(),
    }
  })
}

voiceContract('HTTP', async () => {
  const gateway = await startGateway(statuses(202))
  return {
    voice: httpVoice(gatewayOptions(`${gateway.origin}/call?lang={lang}`, { body: '{"to":"{phone}","say":"{code}"}' })),
    accepted: () =>
      gateway.requests.map(({ url, body }) => {
        const { to, say } = JSON.parse(body) as { to: string; say: string }
        return { phone: to, code: say, language: new URL(url, 'http://gateway').searchParams.get('lang') ?? '' }
      }),
    breakDown: () => gateway.close(),
    close: () => gateway.close(),
  }
})

const channels = [
  {
    channel: 'SMS',
    open: (options: HttpGatewayOptions) => {
      const sms = httpSms(options)
      return () => sms.send('380501112233', 'Your code: 123456', '123456')
    },
  },
  {
    channel: 'voice',
    open: (options: HttpGatewayOptions) => {
      const voice = httpVoice(options)
      return () => voice.call('380501112233', '123456', 'en')
    },
  },
]

describe.each(channels)('$channel over HTTP', ({ open }) => {
  let gateway: GatewayServer | undefined
  afterEach(async () => {
    await gateway?.close()
    gateway = undefined
  })

  async function openTo(respond: Respond, change: Partial<HttpGatewayOptions> = {}) {
    gateway = await startGateway(respond)
    const url = `${gateway.origin}/send?key=top-secret`
    const body = '{"to":"{phone}","code":"{code}"}'
    return { gateway, handOver: open(gatewayOptions(url, { headers: { authorization: secretHeader }, body, ...change })) }
  }

  async function failureOf(promise: Promise<void>): Promise<ProviderOutage> {
    const failure = await promise.then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(failure instanceof ProviderOutage)) throw new Error('expected an outage', { cause: failure })
    for (const secret of ['top-secret', '123456', '380501112233']) expect(failure.message).not.toContain(secret)
    return failure
  }

  test('the method and headers are those configured, and a body is JSON unless told otherwise', async () => {
    const { gateway, handOver } = await openTo(statuses(204), { method: 'PUT' })
    await handOver()
    expect(gateway.requests).toMatchObject([
      { method: 'PUT', headers: { authorization: secretHeader, 'content-type': 'application/json' } },
    ])
  })

  test.each([408, 429, 500, 502, 503])('%i is tried again, and the second answer counts', async (status) => {
    const { gateway, handOver } = await openTo(statuses(status, 200))
    await handOver()
    expect(gateway.requests).toHaveLength(2)
  })

  test('when every attempt fails the outage is not permanent', async () => {
    const { gateway, handOver } = await openTo(statuses(503))
    expect(await failureOf(handOver())).toMatchObject({ reason: 'refused', status: 503, isPermanent: false })
    expect(gateway.requests).toHaveLength(3)
  })

  test.each([400, 401, 404, 422])('%i is final', async (status) => {
    const { gateway, handOver } = await openTo(statuses(status, 200))
    expect(await failureOf(handOver())).toMatchObject({ reason: 'refused', status, isPermanent: true })
    expect(gateway.requests).toHaveLength(1)
  })

  test.each([301, 302, 307, 308])('a redirect (%i) is not followed, and is final', async (status) => {
    const { gateway, handOver } = await openTo(statuses(status, 200))
    expect(await failureOf(handOver())).toMatchObject({ reason: 'refused', status, isPermanent: true })
    expect(gateway.requests.map(({ url }) => url)).toEqual(['/send?key=top-secret'])
  })

  test('a gateway that never answers is a timeout', async () => {
    const { handOver } = await openTo(() => undefined, { timeoutMs: 100, retries: 1 })
    expect(await failureOf(handOver())).toMatchObject({ reason: 'timeout', isPermanent: false })
  })

  test('a gateway that hangs once is asked again', async () => {
    const { gateway, handOver } = await openTo(
      (response, number) => {
        if (number > 0) response.end()
      },
      { timeoutMs: 1_000 },
    )
    await handOver()
    expect(gateway.requests).toHaveLength(2)
  })

  test('a gateway that hangs up is unreachable, after its retries', async () => {
    const { gateway, handOver } = await openTo((response) => response.destroy())
    expect(await failureOf(handOver())).toMatchObject({ reason: 'unreachable', isPermanent: false })
    expect(gateway.requests).toHaveLength(3)
  })

  test('a port where nobody listens is unreachable', async () => {
    const { gateway, handOver } = await openTo(statuses(200))
    await gateway.close()
    const failure = await failureOf(handOver())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: false })
    expect(failure.message).toContain('ECONNREFUSED')
  })

  test.each([
    '{"error":"no funds"}',
    '{"messages":[{"to":"1","status":"2","error-text":"Throttled"}]}',
    '{"success":false}',
    '{"result":{"status":"FAILED"}}',
    '{"error_code":7,"id":null}',
    'ERR: 301, no credit left',
    'Error=105',
  ])('200 with %s is a refusal', async (answer) => {
    const { gateway, handOver } = await openTo((response) => response.end(answer))
    const failure = await failureOf(handOver())
    expect(failure).toMatchObject({ reason: 'refused', status: 200, isPermanent: true })
    expect(failure.message).toMatch(/answered 200 and refused the message/)
    expect(gateway.requests).toHaveLength(1)
  })

  test.each([
    '',
    'OK 12345',
    'Erika has it',
    '{"error":null,"errors":[],"error_code":0,"errorMessage":"","success":true,"status":"queued"}',
    '[1,{"ok":true,"error":false,"details":{}}]',
    '{"error":"0"}',
    '{"broken',
  ])('200 with %s is an acceptance', async (answer) => {
    const { handOver } = await openTo((response) => response.end(answer))
    await handOver()
  })

  test('where an acceptance has to say so, a 200 that does not is a refusal, and one that does is none whatever else it says', async () => {
    const { handOver } = await openTo((response) => response.end('{"error":"none to speak of","id":1}'), { accepted: '"id":1' })
    await handOver()
    await gateway?.close()
    const silent = await openTo(statuses(200), { accepted: '"id":' })
    expect(await failureOf(silent.handOver())).toMatchObject({ reason: 'refused', isPermanent: true })
  })

  test.each([
    { fault: 'that nobody vouches for', isSecure: true, scheme: 'https', says: 'its certificate is not trusted' },
    { fault: 'that does not speak TLS', isSecure: false, scheme: 'https', says: 'it does not speak TLS on that port' },
  ])('a gateway $fault is told so, and not asked again', async ({ isSecure, scheme, says }) => {
    const certificate = makeCertificate()
    let connections = 0
    const server = isSecure
      ? createTlsServer(certificate)
      : createTcpServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end('220 hello\r\n')))
    server.on('connection', () => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `${scheme}://localhost:${String((server.address() as AddressInfo).port)}/send`
    const failure = await failureOf(open(gatewayOptions(url, { body: '{"to":"{phone}","code":"{code}"}' }))())
    expect(failure).toMatchObject({ reason: 'unreachable', isPermanent: true })
    expect(failure.message).toContain(says)
    expect(connections).toBe(1)
    certificate.remove()
    await new Promise((resolve) => server.close(resolve))
  })

  test('an endless answer is cut off after its status', async () => {
    const chunk = Buffer.alloc(65_536, 'x')
    let isCutOff: (() => void) | undefined
    const cutOff = new Promise<void>((resolve) => (isCutOff = resolve))
    let sent = 0
    const { handOver } = await openTo((response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more).on('close', () => isCutOff?.())
      more()
    })
    await handOver()
    await cutOff
    expect(sent).toBeLessThan(64 * 1_048_576)
  })
})

describe('options of a gateway', () => {
  const good = gatewayOptions('https://gateway.example/send', { body: '{"to":"{phone}","text":"{text}"}' })

  test.each<{ wrong: string; change: Partial<HttpGatewayOptions>; says: RegExp }>([
    { wrong: 'a relative URL', change: { url: '/send' }, says: /absolute http or https URL/ },
    { wrong: 'another protocol', change: { url: 'ftp://gateway.example/top-secret' }, says: /absolute http or https URL/ },
    { wrong: 'a host made from the message', change: { url: 'https://{phone}.example/' }, says: /host in the URL must not depend/ },
    { wrong: 'a password in the URL', change: { url: 'https://me:top-secret@gateway.example/' }, says: /user name or password/ },
    {
      wrong: 'an unknown placeholder',
      change: { body: '{"to":"{phone}","text":"{text}{lang}"}' },
      says: /\{lang\} is not known.*\{phone\}, \{text\}, \{code\}/,
    },
    { wrong: 'no phone', change: { body: '{"text":"{text}"}' }, says: /must hold \{phone\}$/ },
    { wrong: 'neither text nor code', change: { body: '{"to":"{phone}"}' }, says: /must hold \{text\} or \{code\}/ },
    { wrong: 'a body with GET', change: { method: 'GET' }, says: /GET request has no body/ },
    { wrong: 'a body that is not JSON', change: { body: 'to={phone}&text={text}' }, says: /not JSON/ },
    { wrong: 'a placeholder outside a JSON string', change: { body: '{"to":{phone},"text":"{text}"}' }, says: /outside a string/ },
    {
      wrong: 'a content type nobody can escape for',
      change: { headers: { 'content-type': 'text/xml' } },
      says: /content type must be one of/,
    },
    { wrong: 'a line break in a header', change: { headers: { authorization: 'top-secret\nx: y' } }, says: /header has a name or value/ },
  ])('$wrong is a problem, told without its value', ({ change, says }) => {
    const problems = httpSmsProblems({ ...good, ...change })
    expect(problems).toEqual([expect.stringMatching(says)])
    expect(problems.join()).not.toContain('top-secret')
    expect(() => httpSms({ ...good, ...change })).toThrow(says)
  })

  test('a voice gateway knows {lang} and must be given {code}', () => {
    expect(httpVoiceProblems({ ...good, body: '{"to":"{phone}","say":"{code}","in":"{lang}"}' })).toEqual([])
    expect(httpVoiceProblems({ ...good, body: '{"to":"{phone}"}' })).toEqual([expect.stringMatching(/must hold \{code\}/)])
  })
})
