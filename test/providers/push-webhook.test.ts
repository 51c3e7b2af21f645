import { createHmac } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import { signatureHeader, webhookProblems, webhookPush } from '../../providers/index.js'
import { makeCertificate } from './mail-server.js'
import { type AcceptedPush, notification, pushContract } from './push-contract.js'
import { answersInMood, kept, listenHttps, moodOf, newState, readWhole } from './push-server.js'
import { patienceMs } from '../patience.js'

const timeoutMs = patienceMs
const certificate = makeCertificate()
afterAll(() => {
  certificate.remove()
})

const webhookSecret = 'a secret of the webhook'

async function startWebhook() {
  const { state, says } = newState()
  const pushes: { readonly path: string; readonly signature: string; readonly body: string; readonly note: AcceptedPush }[] = []
  const listening = kept(
    await listenHttps(certificate, (request, response) => {
      void readWhole(request).then(({ path, headers, body }) => {
        if (answersInMood(state, response, () => request.socket.destroy())) return
        if (state.answer !== undefined) {
          response.writeHead(state.answer.status).end()
          return
        }
        const text = body.toString()
        pushes.push({ path, signature: String(headers[signatureHeader]), body: text, note: JSON.parse(text) as AcceptedPush })
        response.writeHead(202).end()
      })
    }),
  )
  const options = {
    url: `https://localhost:${String(listening.port)}/push?for=town`,
    secret: webhookSecret,
    timeoutMs,
    ca: certificate.cert,
  }
  return { listening, state, says, pushes, options }
}

pushContract('a webhook', async (timeoutMs) => {
  const webhook = await startWebhook()
  return moodOf(webhook.state, {
    push: webhookPush({ ...webhook.options, timeoutMs }),
    token: 'any token at all',
    omits: [],
    accepted: () => webhook.pushes.map(({ note }) => note),
    attempts: () => webhook.state.attempts,
    invalid: [webhook.says('410', 410)],
    secrets: [webhookSecret],
    close: () => webhook.listening.close(),
  })
})

describe('a webhook', () => {
  test('the body is signed together with the time', async () => {
    const webhook = await startWebhook()
    const push = kept(webhookPush({ ...webhook.options, now: () => 1_700_000_000_999 }))
    await push.send({ ...notification, token: 't' })
    const [{ path, signature, body } = { path: '', signature: '', body: '' }] = webhook.pushes
    const expected = createHmac('sha256', webhookSecret).update(`1700000000.${body}`).digest('hex')
    expect({ path, signature }).toEqual({ path: '/push?for=town', signature: `t=1700000000,v1=${expected}` })
  })

  test.each([
    { url: 'http://push.example/', problem: /https/ },
    { url: 'ftp://push.example/', problem: /https/ },
    { url: 'push', problem: /https/ },
    { url: 'https://push.example/', secret: 'short', problem: /at least 16/ },
  ])('$url is refused', ({ url, secret = webhookSecret, problem }) => {
    expect(webhookProblems({ url, secret })).toEqual([expect.stringMatching(problem)])
  })

  test('http is taken on this machine', () => {
    expect(webhookProblems({ url: 'http://127.0.0.1:8080/push', secret: webhookSecret })).toEqual([])
  })
})
