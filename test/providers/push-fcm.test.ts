import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { importSPKI, jwtVerify } from 'jose'
import { fcmPush, parseServiceAccount, type ServiceAccount } from '../../providers/index.js'
import { reading } from '../clock/readings.js'
import { notification, pushContract } from './push-contract.js'
import { answersInMood, kept, listenHttp, moodOf, newState, readTexts, readWhole } from './push-server.js'
import { patienceMs } from '../patience.js'

const timeoutMs = patienceMs

const fcmKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

interface FcmMessage {
  readonly token: string
  readonly data: Readonly<Record<string, string>>
  readonly android: { readonly priority: string; readonly collapse_key: string; readonly ttl: string }
}

/** Google's token service and FCM in one: it verifies the assertion and takes only tokens it has issued. */
async function startFcm(lifeSeconds = 3_600) {
  const { state, says } = newState()
  const messages: FcmMessage[] = []
  const issued: string[] = []
  const bearers: string[] = []
  const server = kept(
    await listenHttp((request, response) => {
      void readWhole(request).then(async ({ path, headers, body }) => {
        if (path === '/token') {
          const form = new URLSearchParams(body.toString())
          expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
          const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', await importSPKI(fcmKey.publicKey, 'RS256'), {
            issuer: 'broker@town.iam.gserviceaccount.com',
            audience: account().token_uri,
            currentDate: new Date(payload_time ?? Date.now()),
          })
          expect({ scope: payload['scope'], kid: protectedHeader.kid }).toEqual({
            scope: 'https://www.googleapis.com/auth/firebase.messaging',
            kid: 'key-1',
          })
          issued.push(`access-${String(issued.length + 1)}`)
          response.end(JSON.stringify({ access_token: issued.at(-1), expires_in: lifeSeconds, token_type: 'Bearer' }))
          return
        }
        expect(path).toBe('/v1/projects/town/messages:send')
        bearers.push(String(headers.authorization))
        if (headers.authorization !== `Bearer ${String(issued.at(-1))}`) {
          response.writeHead(401).end('{}')
          return
        }
        if (answersInMood(state, response, () => request.socket.destroy())) return
        if (state.answer !== undefined) {
          response.writeHead(state.answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(state.answer.body))
          return
        }
        messages.push((JSON.parse(body.toString()) as { message: FcmMessage }).message)
        response.writeHead(200).end('{"name":"projects/town/messages/1"}')
      })
    }),
  )
  let payload_time: number | undefined
  const account = (): ServiceAccount => {
    const found = parseServiceAccount(
      JSON.stringify({
        type: 'service_account',
        project_id: 'town',
        private_key_id: 'key-1',
        private_key: fcmKey.privateKey,
        client_email: 'broker@town.iam.gserviceaccount.com',
        token_uri: `http://127.0.0.1:${String(server.port)}/token`,
      }),
    )
    if (found === undefined) throw new Error('no service account')
    return found
  }
  const detail = (type: string, parts: object) => ({ error: { details: [{ '@type': `type.googleapis.com/${type}`, ...parts }] } })
  const fcmError = 'google.firebase.fcm.v1.FcmError'
  return {
    ...{ server, state, messages, issued, bearers, account },
    setTime: (time: number) => (payload_time = time),
    endpoint: `http://127.0.0.1:${String(server.port)}`,
    invalid: [
      says('UNREGISTERED', 404, detail(fcmError, { errorCode: 'UNREGISTERED' })),
      says('SENDER_ID_MISMATCH', 403, detail(fcmError, { errorCode: 'SENDER_ID_MISMATCH' })),
      says('a malformed token', 400, detail('google.rpc.BadRequest', { fieldViolations: [{ field: 'message.token', description: 'no' }] })),
    ],
  }
}

pushContract('FCM', async (timeoutMs) => {
  const fcm = await startFcm()
  return moodOf(fcm.state, {
    push: fcmPush({ account: fcm.account(), endpoint: fcm.endpoint, timeoutMs }),
    token: 'fcm-device-token',
    omits: ['os'],
    accepted: () =>
      fcm.messages.map(({ token, data, android }) => ({
        ...readTexts({ ...data, from: data['sender'] ?? '' }),
        ...{ token, os: null, collapse: android.collapse_key, lifeSeconds: Number(android.ttl.slice(0, -1)) },
      })),
    attempts: () => fcm.state.attempts,
    invalid: fcm.invalid,
    secrets: ['access-', 'PRIVATE KEY'],
    close: () => fcm.server.close(),
  })
})

describe('FCM', () => {
  test('one access token serves all until it nears its end; no message uses a reserved word', async () => {
    const fcm = await startFcm()
    const start = Date.now()
    let [passed, setBy] = [0, 0]
    const clocks = { now: () => start + passed + setBy, elapsed: () => reading(passed) }
    const push = kept(fcmPush({ account: fcm.account(), endpoint: fcm.endpoint, timeoutMs, ...clocks }))
    const send = () => push.send({ ...notification, token: 't' })
    await Promise.all([send(), send(), send()])
    expect(fcm.issued).toHaveLength(1)
    passed += 54 * 60_000
    // A clock that is set makes a token neither older nor younger.
    setBy = 24 * 60 * 60_000
    await send()
    setBy = -60 * 60_000
    await send()
    expect(fcm.issued).toHaveLength(1)
    passed += 2 * 60_000
    fcm.setTime(clocks.now())
    await send()
    expect(fcm.issued).toHaveLength(2)
    for (const { data, android } of fcm.messages) {
      expect(Object.keys(data)).toEqual(['kind', 'feed', 'sender', 'to', 'message', 'unread'])
      expect(android.priority).toBe('HIGH')
    }
  })

  test('an access token that was revoked is given up: worth another attempt, which asks for a new one', async () => {
    const fcm = await startFcm()
    const push = kept(fcmPush({ account: fcm.account(), endpoint: fcm.endpoint, timeoutMs }))
    const send = () => push.send({ ...notification, token: 't' })
    await send()
    fcm.issued.push('another')
    await expect(send()).rejects.toMatchObject({ status: 401, isPermanent: false })
    expect(await send()).toEqual({ kind: 'done' })
  })

  test.each(['', '{}', '{"project_id":"town"}', JSON.stringify({ project_id: 'town', client_email: 'a@b', private_key: 'top-secret' })])(
    'is no service account: %j',
    (text) => {
      expect(parseServiceAccount(text)).toBeUndefined()
    },
  )
})
