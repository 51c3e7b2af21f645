import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { connectionOutage, timeoutOutage } from './http-outage.js'

/** What a service answered; of the body, no more than {@link maxAnswerBytes}. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface HttpPost {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** Posts to services over kept connections. */
export interface HttpPoster {
  /** One attempt. Redirects are answers like others. @throws ProviderOutage if no answer came */
  post(request: HttpPost): Promise<HttpAnswer>
  close(): void
}

export interface HttpPosterOptions {
  /** Names the service in what is thrown. */
  readonly name: string
  /** For the whole of an attempt, ms. */
  readonly timeoutMs: number
  /** PEM of a further authority to trust, for services within one's own network. */
  readonly ca?: string | undefined
}

const maxAnswerBytes = 65_536

export function newHttpPoster({ name, timeoutMs, ca }: HttpPosterOptions): HttpPoster {
  const plain = new HttpAgent({ keepAlive: true })
  const secure = new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })

  async function post({ url, headers, body }: HttpPost): Promise<HttpAnswer> {
    const service = `${name} ${url.host}`
    const signal = AbortSignal.timeout(timeoutMs)
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    try {
      return await new Promise<HttpAnswer>((resolve, reject) => {
        const request = send(url, { method: 'POST', headers, signal, agent: url.protocol === 'https:' ? secure : plain })
        request.once('error', reject)
        request.once('response', (response) => {
          readBody(response).then((text) => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
          }, reject)
        })
        request.end(body)
      })
    } catch (error) {
      throw signal.aborted ? timeoutOutage(service, timeoutMs) : connectionOutage(service, error)
    }
  }

  return {
    post,
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

/** What follows the first bytes of a body is not waited for. */
async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= maxAnswerBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8')
}
