/**
 * One connection to Redis, from its opening to its end. It never connects again and sends nothing twice: what was sent and not answered when
 * it ends is rejected with {@link LinkLost}, and whoever sent it decides. What is sent in one tick goes out in one piece.
 */
import { isIP, type Socket } from 'node:net'
import { Command, Redis } from 'ioredis'
import { connectionFailure } from '../../failures/index.js'
import { StoreOutage } from '../contract.js'
import type { Argument } from './arguments.js'
import type { RedisAddress } from './redis-url.js'

/** An answer of Redis: text comes as bytes. */
export type Reply = Buffer | number | null | readonly Reply[]

/** The connection ended before the answer came: the command may have been carried out or not. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
}

/** Redis answers with an error: `code` is its first word, `NOSCRIPT` say, also where a script met it. */
export class RedisRefusal extends Error {
  override readonly name = 'RedisRefusal'
  readonly code: string
  constructor(message: string) {
    super(message)
    this.code = codeOf(message)
  }
}

/** A command that has been written already, name and arguments: to have ioredis write many arguments one by one is dear. */
export class WrittenCommand extends Command {
  readonly #bytes: Buffer
  constructor(name: string, bytes: Buffer) {
    super(name, [], { replyEncoding: null })
    this.#bytes = bytes
  }

  override toWritable(): Buffer {
    return this.#bytes
  }
}

export interface LinkOptions {
  readonly address: RedisAddress
  /** A connection on which something is awaited and nothing comes for so long is given up. */
  readonly answerWithinMs: number
}

/** How long to wait for a farewell. */
const disconnectMs = 200

export class Link {
  readonly #redis: Redis
  readonly ended: Promise<void>
  /** Why the connection has ended, as far as it is known. */
  #because = 'the connection was closed'
  #isCorked = false
  #isEnded = false

  /** @throws StoreOutage if there is no connection within the time to answer. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options)
    try {
      await link.#redis.connect()
    } catch (error) {
      link.#redis.disconnect()
      throw new StoreOutage(`Redis cannot be reached: ${link.#because}`, { cause: error })
    }
    return link
  }

  private constructor({ address: { host, port, isTls }, answerWithinMs }: LinkOptions) {
    // ioredis connects and speaks the protocol, nothing more: all its ways of connecting again and sending again are off.
    this.#redis = new Redis({
      host,
      port,
      ...(isTls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
      protocol: 2,
      lazyConnect: true,
      retryStrategy: null,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      disableClientInfo: true,
      connectTimeout: answerWithinMs,
      socketTimeout: answerWithinMs,
      keepAlive: 10_000,
      ...({ disconnectTimeout: disconnectMs } as object),
    })
    this.#redis.on('error', (error: Error) => (this.#because = reasonOf(error)))
    this.ended = new Promise((resolve) => {
      this.#redis.once('end', () => {
        this.#isEnded = true
        resolve()
      })
    })
  }

  get because(): string {
    return this.#because
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Commands are carried out in the order in which they are sent. @throws RedisRefusal or LinkLost */
  send(name: string, args: readonly Argument[]): Promise<Reply> {
    return this.#send(new Command(name, args as Argument[], { replyEncoding: null }))
  }

  /** The same for a command that has been written already, name and arguments. */
  sendWritten(name: string, bytes: Buffer): Promise<Reply> {
    return this.#send(new WrittenCommand(name, bytes))
  }

  #send(command: Command): Promise<Reply> {
    this.#cork()
    return (this.#redis.sendCommand(command) as Promise<Reply>).catch((error: unknown) => {
      throw this.#told(error)
    })
  }

  /** Ends the connection at once. */
  end(because: string): void {
    if (this.#isEnded) return
    this.#because = because
    this.#redis.disconnect()
    const stream = this.#redis.stream as Socket | undefined
    stream?.destroy()
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    const { stream } = this.#redis
    stream.cork()
    process.nextTick(() => {
      this.#isCorked = false
      stream.uncork()
    })
  }

  #told(error: unknown): Error {
    if (error instanceof Error && error.name === 'ReplyError') return new RedisRefusal(error.message)
    return new LinkLost(`no answer of Redis: ${this.#because}`, { cause: error })
  }
}

/** Before version 7 the error that a script meets stands inside another: `ERR Error running script (…): @user_script: 9: -OOM command not …`. */
function codeOf(message: string): string {
  const inner = /^ERR Error running script .*?: -([A-Z]+) /.exec(message)
  return inner?.[1] ?? /^[A-Z]+/.exec(message)?.[0] ?? ''
}

/** Never the message of an answer to AUTH: only errors of sockets and TLS come here. */
function reasonOf(error: Error & { code?: string }): string {
  const failure = connectionFailure(error)
  // What OpenSSL says of it is for nobody.
  if (failure.isPermanent) return failure.because
  return error.code === undefined || error.message.includes(error.code) ? error.message : `${error.message} (${error.code})`
}
