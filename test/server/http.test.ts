import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createAdminServer, createPublicServer, type HttpServer, type Readiness } from '../../server/http.js'
import { createMetrics, type Metrics } from '../../server/metrics.js'

describe('HTTP for operators', () => {
  let readiness: Readiness
  let metrics: Metrics
  let server: HttpServer
  let port: number

  beforeEach(async () => {
    readiness = { kind: 'not-ready', because: 'starting' }
    metrics = createMetrics()
    server = createAdminServer({
      readiness: () => readiness,
      metrics: () => metrics.render(),
      metricsContentType: metrics.contentType,
      requestTimeoutMs: 500,
    })
    port = await server.start('127.0.0.1', 0)
  })
  afterEach(() => server.close())

  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)

  test('/healthz answers 200 while the process lives, ready or not', async () => {
    const response = await ask('/healthz')
    expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
  })

  test('/readyz answers 503 with the reason until ready, and again while draining', async () => {
    const states = [readiness, { kind: 'ready' }, { kind: 'not-ready', because: 'draining' }] as const
    const answers = []
    for (const state of states) {
      readiness = state
      const response = await ask('/readyz')
      answers.push([response.status, await response.text()])
    }
    expect(answers).toEqual([
      [503, 'starting\n'],
      [200, 'ready\n'],
      [503, 'draining\n'],
    ])
  })

  test('/metrics shows what was counted, and the process', async () => {
    metrics.connections.set({ listener: 'mqtt' }, 3)
    metrics.requests.inc({ record: 'Friend/request', outcome: 'ok' })
    metrics.commitSeconds.observe(0.004)
    const response = await ask('/metrics')
    const text = await response.text()
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(text).toContain('nynja_connections{listener="mqtt"} 3\n')
    expect(text).toContain('nynja_requests_total{record="Friend/request",outcome="ok"} 1\n')
    expect(text).toContain('nynja_commit_seconds_bucket{le="0.005"} 1\n')
    expect(text).toContain('nynja_inbox_drops_total{class="message"} 0\n')
    expect(text).toMatch(/^process_cpu_seconds_total /m)
  })

  test('HEAD is answered, other paths and methods are not found', async () => {
    expect((await ask('/healthz', { method: 'HEAD' })).status).toBe(200)
    expect((await ask('/')).status).toBe(404)
    expect((await ask('/metrics', { method: 'POST', body: 'x' })).status).toBe(404)
  })

  test('a header that is too large is refused', async () => {
    expect((await ask('/healthz', { headers: { 'x-long': 'x'.repeat(8_192) } })).status).toBe(431)
  })

  test('a peer that does not finish its request is cut off', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const received: Buffer[] = []
    socket.on('data', (bytes) => received.push(bytes))
    await once(socket, 'close')
    expect(Buffer.concat(received).toString()).toContain(' 408 ')
  })

  test.each([
    { connection: 'that is kept alive', sent: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' },
    { connection: 'in the middle of its next request', sent: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT' },
  ])('closing ends a connection $connection', async ({ sent }) => {
    const patient = createAdminServer({
      readiness: () => readiness,
      metrics: () => metrics.render(),
      metricsContentType: 'text/plain',
      requestTimeoutMs: 60_000,
    })
    const socket = connect(await patient.start('127.0.0.1', 0), '127.0.0.1')
    socket.write(sent)
    await once(socket, 'data')
    const closed = once(socket, 'close')
    await patient.close()
    await closed
  })

  test('idle connections, however many, keep nobody from asking', async () => {
    const patient = createAdminServer({
      readiness: () => readiness,
      metrics: () => metrics.render(),
      metricsContentType: 'text/plain',
      requestTimeoutMs: 60_000,
    })
    const at = await patient.start('127.0.0.1', 0)
    const idle = Array.from({ length: 100 }, () => connect(at, '127.0.0.1').on('error', () => undefined))
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    const response = await fetch(`http://127.0.0.1:${at}/healthz`)
    expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
    for (const socket of idle) socket.destroy()
    await patient.close()
  })

  test('a taken port is an error of start', async () => {
    const second = createAdminServer({ readiness: () => readiness, metrics: () => metrics.render(), metricsContentType: 'text/plain' })
    await expect(second.start('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await second.close()
  })
})

test('why it is not ready, and what it lacks, is told to those who run it and not to everybody', async () => {
  const states: Readonly<Record<string, Readiness>> = {
    lacking: { kind: 'ready', lacking: ['sms exhausted since 2026: 203.0.113.7 answered 401'] },
    exhausted: { kind: 'not-ready', because: 'disk exhausted since 2026: /var/lib/nynja is full' },
  }
  const metrics = createMetrics()
  const texts: Record<string, readonly string[]> = {}
  for (const [name, state] of Object.entries(states)) {
    const readiness = (): Readiness => state
    const servers = [
      createPublicServer({ readiness }),
      createAdminServer({ readiness, metrics: metrics.render, metricsContentType: metrics.contentType }),
    ]
    texts[name] = await Promise.all(
      servers.map(async (server) => {
        const port = await server.start('127.0.0.1', 0)
        return (await fetch(`http://127.0.0.1:${port}/readyz`)).text()
      }),
    )
    await Promise.all(servers.map((server) => server.close()))
  }
  expect(texts).toEqual({
    lacking: ['ready\n', 'ready\nsms exhausted since 2026: 203.0.113.7 answered 401\n'],
    exhausted: ['not ready\n', 'disk exhausted since 2026: /var/lib/nynja is full\n'],
  })
})

test('metrics are not told where everybody may ask, health and readiness are told at both', async () => {
  const [metrics, readiness] = [createMetrics(), (): Readiness => ({ kind: 'ready' })]
  const servers = [
    createPublicServer({ readiness }),
    createAdminServer({ readiness, metrics: metrics.render, metricsContentType: metrics.contentType }),
  ]
  const statuses = await Promise.all(
    servers.map(async (server) => {
      const port = await server.start('127.0.0.1', 0)
      const paths = ['/metrics', '/healthz', '/readyz']
      return Promise.all(paths.map((path) => fetch(`http://127.0.0.1:${port}${path}`).then(({ status }) => status)))
    }),
  )
  await Promise.all(servers.map((server) => server.close()))
  expect(statuses).toEqual([
    [404, 200, 200],
    [200, 200, 200],
  ])
})

test('two servers in one process do not share their metrics', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.deliveries.inc(5)
  expect(await one.render()).toContain('nynja_deliveries_total 5\n')
  expect(await other.render()).toContain('nynja_deliveries_total 0\n')
})
