/** core.md 1: frames, limits and close codes of the socket at `/core`. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { Places } from '../../broker/index.js'
import { namesAt } from '../../cadmium/index.js'
import { afterMs, monotonicMs } from '../../clock/index.js'
import type { Delivery } from '../../delivery/index.js'
import { CoreLink } from '../../gateway/core/core-link.js'
import { CoreSession } from '../../gateway/core/core-session.js'
import { befriendCore, type CoreClient, dialCore, registerCore } from './core-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({
    ...{ NYNJA_WS_PORT: '0', NYNJA_HTTP_PORT: '0', NYNJA_SERVER_NAME: 'Example.ORG:8083', NYNJA_PUBLISHES_PER_SECOND: 'off' },
  })
})
afterAll(() => server.close())

const unknown = '{"id":"1","type":"x"}'

/** What the server makes of an offer of subprotocols. */
async function protocolOf(offered: readonly string[]): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(server.ws)}/core?x=1`, [...offered])
  const error = new Promise<string>((resolve) => {
    socket.once('error', ({ message }) => {
      resolve(message)
    })
  })
  const opened = new Promise<string>((resolve) => {
    socket.once('open', () => {
      resolve(`selected ${socket.protocol} with ${socket.extensions || 'no extension'}`)
    })
  })
  const found = await Promise.race([opened, error])
  socket.terminate()
  return found
}

test('the subprotocol of Protocol Core is selected where it is offered, a query is ignored, compression is declined', async () => {
  expect(await protocolOf([])).toBe('selected  with no extension')
  expect(await protocolOf(['other', 'nynja.core.v1'])).toBe('selected nynja.core.v1 with no extension')
  // The server selects none; this library takes that for an error.
  expect(await protocolOf(['other'])).toBe('Server sent no subprotocol')
})

test('other paths are not found', async () => {
  await expect(dialCore(server.ws, '/cores')).rejects.toThrow('404')
})

test('a message may come in fragments; text that is no UTF-8 closes with 1007', async () => {
  const client = await dialCore(server.ws)
  client.socket.send('{"id":"1",', { fin: false })
  client.socket.send('"type":"x"}', { fin: true })
  expect((await client.pushes.take('an answer')).type).toBe('x:error')
  client.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
  expect(await client.closed).toBe(1007)
})

test('EntityIDs end in the name of the server, whatever its case', async () => {
  const client = await dialCore(server.ws)
  expect((await client.say(unknown)).from).toBe('example.org:8083')
  expect((await client.ask('urn:nynja:auth:code', { phone: '380670005001' }, 'EXAMPLE.org:8083')).ok).toBe(true)
  expect((await client.ask('urn:nynja:auth:code', { phone: '380670005001' }, 'example.org')).payload['errCode']).toBe(4)
  await client.close()
})

test('its connections are counted as of the listener core', async () => {
  const client = await dialCore(server.ws)
  await client.say(unknown)
  const counted = async (): Promise<string | undefined> =>
    /nynja_connections\{listener="core"\} (\d+)/.exec(await (await fetch(`http://127.0.0.1:${String(server.admin)}/metrics`)).text())?.[1]
  expect(await counted()).toBe('1')
  await client.close()
})

test('a schema is served for what is pushed', async () => {
  const answer = await fetch(`http://127.0.0.1:${String(server.http)}/schemas/core/urn.nynja.on.message.json`)
  expect([answer.status, ((await answer.json()) as { title: string }).title]).toEqual([200, 'OnMessage'])
})

test('what is on its way when the server stops is answered, and every socket is closed with 1001', async () => {
  const own = await startWireServer({ NYNJA_WS_PORT: '0' })
  const a = await registerCore(own.ws, '380670005011')
  const b = await registerCore(own.ws, '380670005012')
  await befriendCore(a, b)
  const stranger = await dialCore(own.ws)
  const ids = Array.from({ length: 40 }, (_, i) => `s${String(i)}`)
  for (const id of ids) a.socket.send(JSON.stringify({ id, type: 'urn:nynja:chat:send', to: b.user, payload: { text: id, key: id } }))
  own.signal('SIGTERM')
  expect(await Promise.all([a, b, stranger].map(({ closed }) => closed))).toEqual([1001, 1001, 1001])
  const answered = a.pushes.items.filter(({ ok }) => ok === true).map(({ id }) => id)
  expect(answered).toEqual(ids)
  expect(await own.exited).toBe(0)
  await own.close()
})

describe('time', () => {
  let wss: WebSocketServer
  beforeAll(async () => {
    wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => wss.once('listening', resolve))
  })
  afterAll(() => {
    wss.close()
  })

  interface Pair {
    readonly session: CoreSession
    readonly client: WebSocket
    readonly closed: Promise<number>
    readonly pinged: Promise<void>
    readonly flush: () => void
  }

  /** A session that nobody has logged in to, and its client. */
  async function pair(): Promise<Pair> {
    const accepted = new Promise<readonly [WebSocket, Socket]>((resolve) => {
      wss.once('connection', (socket, request) => {
        resolve([socket, request.socket])
      })
    })
    const client = new WebSocket(`ws://127.0.0.1:${String((wss.address() as AddressInfo).port)}`)
    const closed = new Promise<number>((resolve) => client.once('close', resolve))
    const pinged = new Promise<void>((resolve) => {
      client.once('ping', () => {
        resolve()
      })
    })
    const [socket, below] = await accepted
    const limits = {
      maxConnections: 9,
      fits: 9,
      unprovenPercent: 50,
      unprovenPerAddress: 9,
      connectDeadlineMs: 1e6,
      unprovenLifeMs: 1e6,
      maxTransfers: 1,
    }
    const places = new Places({ limits, admits: () => true, onTurnedAway: () => undefined })
    const place = places.enter('127.0.0.1', () => undefined)!
    const written = new Set<Socket>()
    const flush = (): void => {
      for (const one of written) one.uncork()
      written.clear()
    }
    const link = new CoreLink(
      socket,
      below,
      { listener: 'core', address: '127.0.0.1', place },
      { places, written, laterFlush: () => setImmediate(flush) },
    )
    const session = new CoreSession(
      link,
      {
        delivery: {} as Delivery,
        names: namesAt('localhost'),
        newPace: () => () => 0,
        atFlush: () => undefined,
        onFault: () => undefined,
        onRefused: () => undefined,
      },
      socket,
    )
    return { session, client, closed, pinged, flush }
  }

  test('who is silent for 30 s is pinged, and after 75 s closed', async () => {
    const { session, closed, pinged, client } = await pair()
    let pings = 0
    client.on('ping', () => pings++)
    session.sweep(afterMs(monotonicMs(), 29_000))
    session.sweep(afterMs(monotonicMs(), 31_000))
    await pinged
    // Once is enough for the same silence.
    session.sweep(afterMs(monotonicMs(), 36_000))
    session.sweep(afterMs(monotonicMs(), 76_000))
    expect(await closed).toBe(1008)
    expect(pings).toBe(1)
  })

  test('who has not logged in after ten minutes is closed', async () => {
    const { session, closed } = await pair()
    const later = afterMs(monotonicMs(), 600_001)
    session.heard()
    session.sweep(later)
    expect(await closed).toBe(1008)
  })
})

test('a connection that never says anything takes no more room than a guest may', async () => {
  const own = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_UNPROVEN_PER_ADDRESS: '3' })
  const clients: CoreClient[] = []
  for (let i = 0; i < 3; i++) clients.push(await dialCore(own.ws))
  for (const client of clients) await client.say(unknown)
  // The one that is one too many is turned away, those that stand stay.
  const raw = connect(own.ws, '127.0.0.1')
  const ended = new Promise((resolve) => raw.once('close', resolve))
  raw.on('error', () => undefined)
  raw.resume()
  raw.write('GET /core HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n')
  raw.write('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  await ended
  for (const client of clients) expect((await client.say(unknown)).ok).toBe(false)
  await Promise.all(clients.map((client) => client.close()))
  await own.close()
})
