import { generateKeyPairSync } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import { afterAll, describe, expect, test } from '@jest/globals'
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import { apnsPush, isApnsKey } from '../../providers/index.js'
import { makeCertificate } from './mail-server.js'
import { notification, pushContract } from './push-contract.js'
import { kept, listenHttp2, moodOf, newState, readTexts } from './push-server.js'
import { patienceMs } from '../patience.js'

const timeoutMs = patienceMs
const certificate = makeCertificate()
afterAll(() => {
  certificate.remove()
})

const apnsKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const deviceToken = 'a1b2c3d4'.repeat(8)

interface ApnsPush {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: { readonly aps: Readonly<Record<string, unknown>>; readonly nynja: Readonly<Record<string, string>> }
}

async function startApns() {
  const { state, says } = newState()
  const pushes: ApnsPush[] = []
  const bearers: string[] = []
  const server = createSecureServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bearers.push(String(request.headers.authorization))
      state.attempts++
      const { mood } = state
      if (mood === 'hanging-up') request.stream.session?.destroy()
      if (mood === 'silent' || mood === 'hanging-up') return
      const [status, body] =
        mood === 'busy'
          ? [429, { reason: 'TooManyRequests' }]
          : mood === 'down'
            ? [503, { reason: 'ServiceUnavailable' }]
            : [400, { reason: 'BadTopic' }]
      if (mood !== 'fine') response.writeHead(status, mood === 'busy' ? { 'retry-after': '7' } : {}).end(JSON.stringify(body))
      else if (state.answer !== undefined) response.writeHead(state.answer.status).end(JSON.stringify(state.answer.body))
      else {
        pushes.push({ path: request.url, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as ApnsPush['body'] })
        response.writeHead(200).end()
      }
    })
  })
  const listening = kept(await listenHttp2(server))
  const options = {
    ...{ key: apnsKey.privateKey, keyId: 'KEY1234567', teamId: 'TEAM123456', topic: 'net.nynja.app', timeoutMs, ca: certificate.cert },
    endpoint: `https://localhost:${String(listening.port)}`,
  }
  return { listening, state, says, pushes, bearers, options }
}

pushContract('APNs', async (timeoutMs) => {
  const apns = await startApns()
  return moodOf(apns.state, {
    push: apnsPush({ ...apns.options, timeoutMs }),
    token: deviceToken,
    omits: ['os'],
    accepted: () =>
      apns.pushes.map(({ path, headers, body }) => ({
        ...readTexts(body.nynja),
        token: path.replace('/3/device/', ''),
        os: null,
        collapse: String(headers['apns-collapse-id']),
        // The clock goes on while it is sent.
        lifeSeconds: Math.round((Number(headers['apns-expiration']) - Date.now() / 1_000) / 60) * 60,
      })),
    attempts: () => apns.state.attempts,
    invalid: [
      apns.says('410', 410, { reason: 'Unregistered', timestamp: 1 }),
      apns.says('BadDeviceToken', 400, { reason: 'BadDeviceToken' }),
      apns.says('DeviceTokenNotForTopic', 400, { reason: 'DeviceTokenNotForTopic' }),
    ],
    secrets: ['eyJ', 'PRIVATE KEY'],
    close: () => apns.listening.close(),
  })
})

describe('APNs', () => {
  test('the provider token is signed for the team and renewed within the hour', async () => {
    const apns = await startApns()
    let now = 1_700_000_000_000
    const push = kept(apnsPush({ ...apns.options, now: () => now }))
    const send = () => push.send({ ...notification, token: deviceToken })
    await send()
    now += 39 * 60_000
    await send()
    now += 60_000
    await send()
    const [first, second, third] = apns.bearers.map((bearer) => bearer.replace('bearer ', ''))
    expect(second).toBe(first)
    expect(third).not.toBe(first)
    const key = await importSPKI(apnsKey.publicKey, 'ES256')
    const { payload } = await jwtVerify(third ?? '', key, { currentDate: new Date(now) })
    expect(payload).toEqual({ iss: 'TEAM123456', iat: now / 1_000 })
    expect(decodeProtectedHeader(third ?? '')).toMatchObject({ alg: 'ES256', kid: 'KEY1234567' })
  })

  test('what is shown is a text of the app, unless the message is told', async () => {
    const apns = await startApns()
    const push = kept(apnsPush(apns.options))
    await push.send({ ...notification, token: deviceToken })
    await push.send({ ...notification, token: deviceToken, name: 'Ann', text: 'hello' })
    expect(apns.pushes.map(({ body }) => body.aps)).toEqual([
      { alert: { 'loc-key': 'nynja_message' }, sound: 'default', 'thread-id': notification.feed, 'mutable-content': 1 },
      { alert: { title: 'Ann', body: 'hello' }, sound: 'default', 'thread-id': notification.feed, 'mutable-content': 1 },
    ])
    expect(apns.pushes[0]?.headers).toMatchObject({ 'apns-topic': 'net.nynja.app', 'apns-push-type': 'alert', 'apns-priority': '10' })
  })

  test('a provider token that is refused is made anew for the next attempt', async () => {
    const apns = await startApns()
    let now = 1_700_000_000_000
    const push = kept(apnsPush({ ...apns.options, now: () => (now += 1_000) }))
    apns.state.answer = { status: 403, body: { reason: 'ExpiredProviderToken' } }
    const send = () => push.send({ ...notification, token: deviceToken })
    await expect(send()).rejects.toMatchObject({ status: 403, isPermanent: false })
    apns.state.answer = undefined
    await send()
    expect(apns.bearers[1]).not.toBe(apns.bearers[0])
  })

  test.each(['', '../../x', 'zz', `${deviceToken}/..`])('%j is no device token, and nobody is asked', async (token) => {
    const apns = await startApns()
    const push = kept(apnsPush(apns.options))
    expect(await push.send({ ...notification, token })).toEqual({ kind: 'invalid-token' })
    expect(apns.state.attempts).toBe(0)
  })

  test('signs with keys on P-256 and no others', () => {
    const { privateKey: rsaKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    expect([apnsKey.privateKey, rsaKey, 'top-secret'].map(isApnsKey)).toEqual([true, false, false])
  })
})
