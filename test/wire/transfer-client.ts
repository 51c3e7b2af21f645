import { type RawData, WebSocket } from 'ws'
import { type Codec, decodePush, encode, type Ftp, record, type RecordOf } from '../../protocol/index.js'
import { type Mailbox, newMailbox } from './mailbox.js'

export type Ack = RecordOf<'ftpack'>

/** A connection to `/ws` that sends transfers in one codec and shows their answers. */
export interface TransferClient {
  readonly acks: Mailbox<Ack>
  /** Code with which the connection was closed. */
  readonly closed: Promise<number>
  /** Sends without waiting. */
  send(fields: Partial<Omit<Ftp, 'tag'>>): void
  /** Sends, and resolves to the answer. */
  ask(fields: Partial<Omit<Ftp, 'tag'>>): Promise<Ack>
  sendBytes(bytes: Uint8Array | string): void
  /** Loses the connection. */
  cut(): void
}

/** @param token of every transfer that names no other */
export async function dialTransfers(port: number, token: string, codec: Codec = 'bert'): Promise<TransferClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/ws`)
  const acks = newMailbox<Ack>((ack) => `${ack.status ?? ''} ${ack.id ?? ''} ${String(ack.offset)}`)
  const closed = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      acks.end(`closed with ${String(code)}`)
      resolve(code)
    })
  })
  socket.on('message', (data: RawData) => {
    const decoded = decodePush(data as Buffer, 'v1')
    if (decoded.kind === 'record' && decoded.record.tag === 'ftpack' && decoded.encoding.codec === codec) acks.put(decoded.record)
    else acks.end(`an answer in ${decoded.encoding.codec} that is none`)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => undefined)
  const client: TransferClient = {
    acks,
    closed,
    send(fields) {
      socket.send(encode(record('ftp', { id: 'f', sid: token, filename: '', ...fields }), { codec, dialect: 'v1' }))
    },
    ask(fields) {
      client.send(fields)
      return acks.take('an answer')
    },
    sendBytes: (bytes) => {
      socket.send(bytes)
    },
    cut: () => {
      socket.terminate()
    },
  }
  return client
}

/** Announces a file or goes on with it, and sends what is not stored yet. @returns the last answer */
export async function upload(client: TransferClient, id: string, filename: string, bytes: Uint8Array): Promise<Ack> {
  let ack = await client.ask({ id, filename, size: bytes.length, status: 'init' })
  while (ack.block > 0) {
    const data = bytes.subarray(ack.offset, ack.offset + ack.block)
    ack = await client.ask({ id, offset: ack.offset, data, status: 'send' })
  }
  return ack
}

/** Bytes that are not all alike, always the same. */
export function someBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff
  return bytes
}
