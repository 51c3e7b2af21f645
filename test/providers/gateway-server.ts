import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a gateway received. */
export interface GatewayRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface GatewayServer {
  readonly origin: string
  readonly requests: readonly GatewayRequest[]
  close(): Promise<void>
}

/** Answers the request whose number, from 0, is given. */
export type Respond = (response: ServerResponse, number: number, request: GatewayRequest) => void

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}

/** A real HTTP server on a free port of the loopback, which remembers what it was sent. */
export async function startGateway(respond: Respond): Promise<GatewayServer> {
  const requests: GatewayRequest[] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const read = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      requests.push(read)
      respond(response, requests.length - 1, read)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers each request with the next status of the list, the last one again and again. */
export function statuses(...list: readonly number[]): Respond {
  return (response, number) => {
    response.writeHead(list[Math.min(number, list.length - 1)] ?? 200, { location: '/elsewhere' }).end('body')
  }
}
