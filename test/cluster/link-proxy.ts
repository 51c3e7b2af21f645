import { connect, createServer, type Server, type Socket } from 'node:net'
import { stablePort } from './program.js'

/** What lies between a node and Redis: it can be cut, or go silent. */
export interface LinkProxy {
  readonly port: number
  /** Resets every connection and refuses new ones. */
  cut(): Promise<void>
  /** Passes no byte on, either way; connections stand, and new ones are taken. */
  freeze(): void
  /** Passes everything on again, what has waited first. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** A proxy on a port of its own to another port of the loopback. */
export async function startLinkProxy(target: number): Promise<LinkProxy> {
  const port = await stablePort()
  const pairs = new Set<readonly [Socket, Socket]>()
  let isFrozen = false
  let server: Server | undefined

  function join(here: Socket): void {
    const there = connect({ host: '127.0.0.1', port: target, noDelay: true })
    here.setNoDelay(true)
    const pair = [here, there] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [there, here] as const]) {
      from.on('data', (chunk: Buffer) => {
        to.write(chunk)
      })
      from.on('error', () => undefined)
      from.once('close', () => {
        pairs.delete(pair)
        to.destroy()
      })
      if (isFrozen) from.pause()
    }
  }

  async function listen(): Promise<void> {
    const opened = createServer(join)
    server = opened
    await new Promise<void>((resolve, reject) => {
      opened.once('error', reject)
      opened.listen(port, '127.0.0.1', resolve)
    })
  }

  async function cut(): Promise<void> {
    const closing = server
    server = undefined
    const closed = new Promise<void>((resolve) => {
      if (closing === undefined) resolve()
      else
        closing.close(() => {
          resolve()
        })
    })
    for (const [here, there] of pairs) {
      here.resetAndDestroy()
      there.destroy()
    }
    await closed
  }

  await listen()
  return {
    port,
    cut,
    freeze() {
      isFrozen = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    async heal() {
      isFrozen = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
      if (server === undefined) await listen()
    },
    close: cut,
  }
}
