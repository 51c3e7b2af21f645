import { Ajv2020 } from 'ajv/dist/2020.js'
import { WebSocket } from 'ws'
import { coreSchemas } from '../../cadmium/index.js'
import { type Mailbox, newMailbox } from './mailbox.js'
import { testCode } from './wire-server.js'

/** A BaseMessage as it comes. */
export interface CoreMessage {
  readonly id: string
  readonly type: string
  readonly from: string
  readonly to: string
  readonly ok?: boolean
  readonly payload: Readonly<Record<string, unknown>>
}

const ajv = new Ajv2020({ allowUnionTypes: true })
const validators = new Map([...coreSchemas()].map(([name, schema]) => [name, ajv.compile(schema)]))

/** Whatever the server sends fits the schema that it serves. @throws if it does not */
function checked(message: CoreMessage): CoreMessage {
  const { type } = message
  const isOurs = type.startsWith('urn:nynja:on:')
  const name = type.endsWith(':error') ? 'error' : isOurs ? type.replaceAll(':', '.') : undefined
  const validate = name === undefined ? undefined : validators.get(name)
  if (isOurs && validate === undefined) throw new Error(`${type} has no schema`)
  if (validate?.(message) === false)
    throw new Error(`${JSON.stringify(message)} does not fit its schema: ${JSON.stringify(validate.errors)}`)
  return message
}

/** A client of Protocol Core on a socket of its own. */
export interface CoreClient {
  readonly socket: WebSocket
  /** Everything that has come and that no test has taken, but for answers that are waited for. */
  readonly pushes: Mailbox<CoreMessage>
  /** Resolves to the close code. */
  readonly closed: Promise<number>
  /** Sends a text as it is, and takes the next message. */
  say(text: string | Buffer): Promise<CoreMessage>
  /** Sends a request under a new id, and waits for its answer. */
  ask(type: string, payload?: object, to?: string): Promise<CoreMessage>
  /** Sends a request and resolves to the payload of its answer. @throws if it is refused */
  get(type: string, payload?: object, to?: string): Promise<Readonly<Record<string, unknown>>>
  /** Takes the next push of a type, `urn:nynja:on:` left out. */
  push(type: string): Promise<CoreMessage>
  close(): Promise<number>
}

export async function dialCore(port: number, path = '/core', headers: Readonly<Record<string, string>> = {}): Promise<CoreClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`, { headers })
  const pushes = newMailbox<CoreMessage>((message) => JSON.stringify(message))
  const closed = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      pushes.end(`the socket was closed with ${String(code)}`)
      resolve(code)
    })
  })
  socket.on('message', (data: Buffer) => {
    try {
      pushes.put(checked(JSON.parse(data.toString()) as CoreMessage))
    } catch (fault) {
      pushes.end(String(fault))
    }
  })
  socket.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let last = 0
  const ask: CoreClient['ask'] = (type, payload, to) => {
    last++
    const id = `q${String(last)}`
    socket.send(JSON.stringify({ id, type, ...(to === undefined ? {} : { to }), ...(payload === undefined ? {} : { payload }) }))
    return pushes.take(`the answer to ${type}`, (message) => message.id === id)
  }
  return {
    ...{ socket, pushes, closed, ask },
    say(text) {
      socket.send(text, { binary: typeof text !== 'string' })
      return pushes.take(`an answer to ${String(text)}`)
    },
    async get(type, payload, to) {
      const answer = await ask(type, payload, to)
      if (answer.ok !== true) throw new Error(`${type} was refused: ${JSON.stringify(answer.payload)}`)
      return answer.payload
    },
    push: (type) => pushes.take(`a push ${type}`, (message) => message.type === `urn:nynja:on:${type}`),
    close() {
      socket.close()
      return closed
    },
  }
}

/** Somebody who has logged in. */
export interface CorePerson extends CoreClient {
  readonly user: string
  readonly phone: string
  readonly device: string
  readonly token: string
}

/** Registers a number with the code of tests, on a socket that goes on as its device. */
export async function registerCore(port: number, phone: string): Promise<CorePerson> {
  const client = await dialCore(port)
  await client.get('urn:nynja:auth:code', { phone })
  const { user, device, token } = await client.get('urn:nynja:auth:verify', { code: testCode })
  return { ...client, phone, user: user as string, device: device as string, token: token as string }
}

/** Makes two people friends, and takes what they are pushed of it. */
export async function befriendCore(a: CorePerson, b: CorePerson): Promise<void> {
  await a.get('urn:nynja:contacts:request', {}, b.user)
  await b.get('urn:nynja:contacts:confirm', {}, a.user)
  for (const one of [a, b]) {
    const greeting = await one.push('message')
    const taken = [greeting, ...one.pushes.takeAll()]
    const last = Math.max(...taken.map(({ payload }) => Number(payload['seq'] ?? 0)))
    if (last > 0) await one.get('urn:nynja:inbox:ack', { seq: last })
  }
}
