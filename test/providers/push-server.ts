import { afterEach } from '@jest/globals'
import type { Http2SecureServer } from 'node:http2'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './mail-server.js'
import type { AcceptedPush, Mood, PushUnderTest } from './push-contract.js'

/** A request that a far side of a test has read whole. */
export interface ReadRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** The mood of a far side, and what it says in a bad one. */
export interface Moody {
  mood: Mood
  attempts: number
}

const statuses = { busy: 429, down: 503, refusing: 400 } as const

/** Answers in a bad mood. @returns false if the mood is fine and nothing has been answered */
export function answersInMood(moody: Moody, response: ServerResponse, hangUp: () => void): boolean {
  moody.attempts++
  const { mood } = moody
  if (mood === 'fine') return false
  if (mood === 'hanging-up') hangUp()
  else if (mood !== 'silent') response.writeHead(statuses[mood], mood === 'busy' ? { 'retry-after': '7' } : {}).end('{}')
  return true
}

export async function readWhole(request: IncomingMessage): Promise<ReadRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
}

const toClose: (() => Promise<void>)[] = []
// Whatever a test finds, nothing it has opened outlives it.
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** Closed after the test. */
export function kept<T extends { close(): Promise<void> }>(opened: T): T {
  toClose.push(() => opened.close())
  return opened
}

/** A server on a free port of the loopback. */
export interface Listening {
  readonly port: number
  close(): Promise<void>
}

export function listenHttp(serve: RequestListener): Promise<Listening> {
  return listen(createServer(serve))
}

export function listenHttps({ key, cert }: Certificate, serve: RequestListener): Promise<Listening> {
  return listen(createTlsServer({ key, cert }, serve))
}

async function listen(server: Server | TlsServer): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

export async function listenHttp2(server: Http2SecureServer): Promise<Listening> {
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const session of sessions) session.destroy()
      }),
  }
}

/** The fields every adapter hands on as texts, read back. */
export function readTexts(data: Readonly<Record<string, string>>): Omit<AcceptedPush, 'token' | 'os' | 'collapse' | 'lifeSeconds'> {
  const { kind, feed, from, to, message, unread, name, text } = data
  return {
    kind: kind as AcceptedPush['kind'],
    feed: feed ?? null,
    from: from ?? null,
    to: to ?? null,
    message: Number(message),
    unread: unread === undefined ? null : Number(unread),
    name: name ?? null,
    text: text ?? null,
  }
}

/** Moods and attempts of a far side whose next answers may also be given in full. */
export function newState() {
  const state = { mood: 'fine' as Mood, attempts: 0, answer: undefined as { status: number; body: object } | undefined }
  const says = (way: string, status: number, body: object = {}) => ({ way, say: () => void (state.answer = { status, body }) })
  return { state, says }
}

/** What is tested, its mood that of the far side. */
export const moodOf = (state: { mood: Mood }, under: Omit<PushUnderTest, 'mood'>): PushUnderTest =>
  Object.defineProperties(under as PushUnderTest, {
    mood: { get: () => state.mood, set: (mood: Mood) => void (state.mood = mood), enumerable: true },
  })
