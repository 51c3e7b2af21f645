import { afterAll, describe, expect, test } from '@jest/globals'
import webPushLibrary from 'web-push'
import { webPush, webPushProblems } from '../../providers/index.js'
import { makeCertificate } from './mail-server.js'
import { notification, pushContract } from './push-contract.js'
import { answersInMood, kept, listenHttps, moodOf, newState, readTexts, readWhole } from './push-server.js'
import { newBrowser } from './web-push-reader.js'
import { patienceMs } from '../patience.js'

const timeoutMs = patienceMs
const certificate = makeCertificate()
afterAll(() => {
  certificate.remove()
})

const vapid = webPushLibrary.generateVAPIDKeys()

async function startWebPush() {
  const { state, says } = newState()
  const browser = newBrowser()
  const pushes: { readonly headers: Readonly<Record<string, unknown>>; readonly data: Readonly<Record<string, string>> }[] = []
  const listening = kept(
    await listenHttps(certificate, (request, response) => {
      void readWhole(request).then(({ headers, body }) => {
        if (answersInMood(state, response, () => request.socket.destroy())) return
        if (state.answer !== undefined) {
          response.writeHead(state.answer.status).end()
          return
        }
        pushes.push({ headers, data: JSON.parse(browser.decrypt(body)) as Record<string, string> })
        response.writeHead(201).end()
      })
    }),
  )
  const host = `localhost:${String(listening.port)}`
  const endpoint = `https://${host}/subscription/1`
  const options = { ...vapid, subject: 'mailto:admin@town.example', hosts: [host], timeoutMs, ca: certificate.cert }
  return { listening, state, says, pushes, options, endpoint, token: JSON.stringify({ endpoint, keys: browser.keys }), keys: browser.keys }
}

pushContract('web push', async (timeoutMs) => {
  const web = await startWebPush()
  return moodOf(web.state, {
    push: webPush({ ...web.options, timeoutMs }),
    token: web.token,
    omits: ['os', 'token'],
    accepted: () =>
      web.pushes.map(({ headers, data }) => ({
        ...readTexts(data),
        ...{ token: null, os: null, collapse: String(headers['topic']), lifeSeconds: Number(headers['ttl']) },
      })),
    attempts: () => web.state.attempts,
    invalid: [web.says('404', 404), web.says('410', 410)],
    secrets: [vapid.privateKey, web.keys.auth],
    close: () => web.listening.close(),
  })
})

describe('web push', () => {
  test('the server says by VAPID who it is, for this service', async () => {
    const web = await startWebPush()
    const push = kept(webPush(web.options))
    await push.send({ ...notification, token: web.token })
    const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(String(web.pushes[0]?.headers['authorization'])) ?? []
    expect(key).toBe(vapid.publicKey)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
    expect(claims).toMatchObject({ aud: new URL(web.endpoint).origin, sub: 'mailto:admin@town.example' })
    expect(web.pushes[0]?.headers).toMatchObject({ urgency: 'high', 'content-encoding': 'aes128gcm' })
  })

  test('a subscription that names a host which is not listed, or none at all, is invalid, and nobody is asked', async () => {
    const web = await startWebPush()
    const push = kept(webPush({ ...web.options, hosts: ['*.push.example'] }))
    const endpoints = [
      web.endpoint,
      'https://push.example.evil/',
      'https://evilpush.example/',
      'http://a.push.example/',
      'https://me:pw@a.push.example/',
    ]
    const tokens = [
      ...endpoints.map((endpoint) => JSON.stringify({ endpoint, keys: web.keys })),
      'no json',
      '{}',
      '[]',
      'null',
      '{"endpoint":1}',
    ]
    for (const token of tokens) {
      expect({ token, result: await push.send({ ...notification, token }) }).toEqual({ token, result: { kind: 'invalid-token' } })
    }
    const broken = JSON.stringify({ endpoint: web.endpoint, keys: { p256dh: 'AAAA', auth: 'AAAA' } })
    expect(await kept(webPush(web.options)).send({ ...notification, token: broken })).toEqual({ kind: 'invalid-token' })
    expect(web.state.attempts).toBe(0)
  })

  test('keys and subject are checked before anything is sent', () => {
    const good = { ...vapid, subject: 'mailto:admin@town.example' }
    expect(webPushProblems(good)).toEqual([])
    for (const parts of [{ privateKey: 'top-secret' }, { publicKey: 'AAAA' }, { subject: 'admin' }]) {
      const problems = webPushProblems({ ...good, ...parts })
      expect(problems).toHaveLength(1)
      expect(problems.join()).not.toContain('top-secret')
    }
  })
})
