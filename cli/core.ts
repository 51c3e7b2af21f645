import { WebSocket } from 'ws'
import { Complaint, exitCodes } from './complaint.js'
import { printableJson } from './printable.js'

export interface CoreChoice {
  /** The socket of the server, `ws://<host>:8083/core`. */
  readonly url: string
}

/** How long after the last line of a pipe what has no answer yet is waited for. */
const lingerMs = 10_000

/**
 * A line as the message it stands for: a BaseMessage as it is, or `type [to] [payload]`, where types without `urn:` are ours.
 * @param id of the message, if the line does not say one
 * @returns undefined for an empty line
 */
export function messageOfLine(line: string, id: string): string | undefined {
  const text = line.trim()
  if (text === '' || text.startsWith('{')) return text === '' ? undefined : text
  const [, word = '', to, payload] = /^(\S+)(?:\s+([^\s{]\S*))?(?:\s+(\{.*))?$/s.exec(text) ?? []
  if (word === '') return undefined
  const type = word.startsWith('urn:') ? word : `urn:nynja:${word}`
  const members = [`"id":${JSON.stringify(id)}`, `"type":${JSON.stringify(type)}`]
  if (to !== undefined) members.push(`"to":${JSON.stringify(to)}`)
  // As it was typed: what is wrong with it, the server says.
  if (payload !== undefined) members.push(`"payload":${payload}`)
  return `{${members.join(',')}}`
}

/**
 * Sends each line of the input as a message of Protocol Core and prints each message that comes, one a line, until the input ends and all is answered.
 * What is pushed is acknowledged by whoever types.
 * @param openLines the input, asked for when the connection stands
 * @throws Complaint if it cannot connect, or the server ends it
 */
export async function core(
  { url }: CoreChoice,
  openLines: () => AsyncIterable<string> & { close(): void },
  say: { readonly line: (line: string) => void; readonly notice: (line: string) => void },
  ended: Promise<unknown>,
): Promise<void> {
  const socket = await connected(url)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  let [sent, answered] = [0, 0]
  let settle = (): void => undefined
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    say.line(printableJson(text))
    if (isAnswer(text) && ++answered >= sent) settle()
  })
  // Opened once what is typed can be sent: lines that nobody takes are lost.
  const lines = openLines()
  const typed = async (): Promise<void> => {
    for await (const line of lines) {
      const message = messageOfLine(line, String(sent + 1))
      if (message === undefined) continue
      sent++
      socket.send(message)
    }
    if (answered >= sent) return
    const patience = new Promise<void>((resolve) => setTimeout(resolve, lingerMs).unref())
    await Promise.race([patience, new Promise<void>((resolve) => (settle = resolve))])
  }
  const lost = closed.then((code) => {
    throw new Complaint(exitCodes.away, `The server has closed the connection (${String(code)}).`)
  })
  try {
    await Promise.race([typed(), ended, lost])
  } finally {
    lost.catch(() => undefined)
    lines.close()
    socket.close()
  }
}

function isAnswer(text: string): boolean {
  const { ok } = JSON.parse(text) as { readonly ok?: boolean }
  return ok !== undefined
}

function connected(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const refuse = (because: string): void => {
      reject(new Complaint(exitCodes.away, `There is no Protocol Core at ${url}: ${because}`))
    }
    try {
      const socket = new WebSocket(url, 'nynja.core.v1', { perMessageDeflate: false, handshakeTimeout: lingerMs })
      socket.once('open', () => {
        socket.removeAllListeners('error')
        // It is followed by 'close'.
        socket.on('error', () => undefined)
        resolve(socket)
      })
      socket.once('error', ({ message }) => {
        refuse(message)
      })
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error))
    }
  })
}
