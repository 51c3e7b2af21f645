import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PushNotification } from '../../providers/index.js'
import { newMailbox, type Mailbox } from './mailbox.js'

export const webhookSecret = 'the secret of the receiver'

/** Receives what a server posts to its push webhook. */
export interface PushReceiver {
  /** Notifications that were accepted. */
  readonly pushes: Mailbox<PushNotification>
  /** Those that were answered with `status`. */
  readonly turnedDown: Mailbox<PushNotification>
  /** What everything is answered with from now on. */
  status: number
  /** What a server needs to post here. */
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function startPushReceiver(): Promise<PushReceiver> {
  const show = ({ kind, token, message }: PushNotification): string => `${kind} ${String(message)} to ${token}`
  const pushes = newMailbox(show)
  const turnedDown = newMailbox(show)
  let status = 200
  const answer = (note: PushNotification, response: ServerResponse): void => {
    const isAccepted = status < 300
    response.writeHead(status).end()
    ;(isAccepted ? pushes : turnedDown).put(note)
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      answer(JSON.parse(Buffer.concat(chunks).toString()) as PushNotification, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    pushes,
    turnedDown,
    get status() {
      return status
    },
    set status(next) {
      status = next
    },
    environment: {
      NYNJA_PUSH: 'webhook',
      NYNJA_PUSH_WEBHOOK_URL: `http://127.0.0.1:${String(port)}/push`,
      NYNJA_PUSH_WEBHOOK_SECRET: webhookSecret,
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
