/**
 * The way to Redis: one {@link Link} at a time, opened again when it has ended, after a wait that doubles from 50 ms to 2 s. A link is
 * handed to the store only once the server behind it is found to serve: let in, a primary, loaded, of our layout, the scripts in place.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { monotonicMs } from '../../clock/index.js'
import { type Lack, StoreOutage } from '../contract.js'
import type { Argument } from './arguments.js'
import { layoutVersion } from './layout.js'
import { Link, LinkLost, RedisRefusal, type Reply } from './link.js'
import type { RedisAddress } from './redis-url.js'
import { scriptsFor, type Script, type ScriptName } from './scripts.js'
import { parseInfo, requireServer } from './server-facts.js'

export interface ConnectionOptions {
  readonly address: RedisAddress
  readonly prefix: string
  readonly answerWithinMs: number
  /** A link is there: what is in doubt may be sent again, and new things may be sent. */
  readonly onLink: (link: Link) => void
  /** The link has ended; there will be another. */
  readonly onLost: (because: string) => void
}

const closed = 'the store is closed'

const retry = { firstMs: 50, longestMs: 2_000 }

/** A link that has lasted so long is not one more attempt that failed. */
const lastingMs = 2_000

/** Answers after which this server cannot serve until something about it has changed: the link is given up. */
const fatalCodes = new Set(['READONLY', 'LOADING', 'MASTERDOWN', 'NOAUTH', 'CLUSTERDOWN'])

/** Answers that refuse what was asked for, before anything was done. */
const refusingCodes: ReadonlyMap<string, Lack | undefined> = new Map([
  ['OOM', 'memory'],
  ['MISCONF', 'disk'],
  ['NOREPLICAS', 'replicas'],
  ['BUSY', undefined],
])

export class Connection {
  readonly #options: ConnectionOptions
  readonly #scripts: Readonly<Record<ScriptName, Script>>
  readonly #closing = new AbortController()
  #link: Link | undefined
  #because = ''
  #attempts = 0

  private constructor(options: ConnectionOptions) {
    this.#options = options
    this.#scripts = scriptsFor(options.prefix)
  }

  /** @throws StoreOutage if Redis cannot be reached or cannot serve. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options)
    await connection.#connect()
    return connection
  }

  /** The link to send on. @throws StoreOutage if there is none now. */
  get link(): Link {
    if (this.#link === undefined) throw this.outage()
    return this.#link
  }

  /** Why there is no link. */
  outage(): StoreOutage {
    return new StoreOutage(this.#because)
  }

  scriptOf(name: ScriptName): Script {
    return this.#scripts[name]
  }

  /** Runs a script that only reads. @throws StoreOutage */
  async read(name: ScriptName, args: readonly Argument[]): Promise<readonly Reply[]> {
    const { hash, source } = this.#scripts[name]
    const { link } = this
    try {
      return (await link.send('evalsha', [hash, '0', ...args])) as readonly Reply[]
    } catch (error) {
      if (!(error instanceof RedisRefusal && error.code === 'NOSCRIPT')) throw this.told(error, link)
    }
    // Redis was told to forget its scripts: the source tells it again.
    try {
      return (await link.send('eval', [source, '0', ...args])) as readonly Reply[]
    } catch (error) {
      throw this.told(error, link)
    }
  }

  /** Asks with a command that only reads. @throws StoreOutage */
  async ask(command: string, args: readonly Argument[]): Promise<Reply> {
    const { link } = this
    try {
      return await link.send(command, args)
    } catch (error) {
      throw this.told(error, link)
    }
  }

  /** The error as the store tells it: an outage where Redis may serve later. Gives the link up if the server behind it cannot serve. */
  told(error: unknown, link: Link): unknown {
    if (error instanceof LinkLost) return new StoreOutage(error.message, { cause: error })
    if (!(error instanceof RedisRefusal)) return error
    if (fatalCodes.has(error.code)) link.end(`Redis answers: ${error.message}`)
    else if (!refusingCodes.has(error.code)) return error
    return new StoreOutage(`Redis answers: ${error.message}`, { cause: error, lacks: refusingCodes.get(error.code) })
  }

  /** Ends the link for good. */
  close(): void {
    this.#because = closed
    this.#link = undefined
    this.#closing.abort()
  }

  async #connect(): Promise<void> {
    const { address, answerWithinMs, onLink } = this.#options
    const { signal } = this.#closing
    const link = await Link.open({ address, answerWithinMs })
    const end = (): void => {
      link.end(closed)
    }
    signal.addEventListener('abort', end)
    void link.ended.then(() => {
      signal.removeEventListener('abort', end)
    })
    try {
      await this.#prepare(link)
    } catch (error) {
      link.end('it cannot serve')
      throw error instanceof RedisRefusal ? new StoreOutage(`Redis answers: ${error.message}`, { cause: error }) : this.told(error, link)
    }
    if (signal.aborted) link.end(closed)
    if (signal.aborted || link.isEnded) throw new StoreOutage(link.because)
    const since = monotonicMs()
    this.#link = link
    void link.ended.then(() => {
      if (monotonicMs() - since > lastingMs) this.#attempts = 0
      this.#lose(link.because)
    })
    onLink(link)
  }

  #lose(because: string): void {
    if (this.#closing.signal.aborted) return
    this.#link = undefined
    this.#because = `Redis is away: ${because}`
    this.#options.onLost(this.#because)
    void this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing
    for (;;) {
      const longest = Math.min(retry.longestMs, retry.firstMs * 2 ** this.#attempts)
      this.#attempts = Math.min(this.#attempts + 1, 30)
      // Half of the wait is left to chance: not all processes come back at once.
      const isOver = await pause(longest * (0.5 + Math.random() / 2), false, { signal }).catch(() => true)
      try {
        if (!isOver) await this.#connect()
        return
      } catch (error) {
        this.#because = error instanceof Error ? error.message : String(error)
      }
    }
  }

  async #prepare(link: Link): Promise<void> {
    await letIn(link, this.#options.address)
    requireServer(await infoOf(link))
    await this.#requireLayout(link)
    await Promise.all(Object.values(this.#scripts).map(({ source }) => link.send('script', ['load', source])))
  }

  async #requireLayout(link: Link): Promise<void> {
    const key = `${this.#options.prefix}schema`
    let found = await link.send('get', [key])
    if (found === null) {
      await link.send('set', [key, String(layoutVersion), 'NX'])
      found = await link.send('get', [key])
    }
    if (Number(found) !== layoutVersion) {
      throw new StoreOutage(
        `the data in Redis has layout ${String(found)}, this program knows ${layoutVersion}: it was written by another version`,
      )
    }
  }
}

/** Gives the password and chooses the database. @throws StoreOutage whose text holds no password */
export async function letIn(link: Link, { username, password, database }: RedisAddress): Promise<void> {
  try {
    if (password !== '') await link.send('auth', username === '' ? [password] : [username, password])
    if (database !== 0) await link.send('select', [String(database)])
  } catch (error) {
    if (!(error instanceof RedisRefusal)) throw error
    // The answer alone is told: the command, which an error carries with it, holds the password.
    throw new StoreOutage(`Redis lets nobody in: ${error.message}: check user, password and database of its address`)
  }
}

/** @throws StoreOutage if Redis wants a password; what a server does not want to tell is empty */
export async function infoOf(link: Link): Promise<ReturnType<typeof parseInfo>> {
  try {
    return parseInfo(String(await link.send('info', [])))
  } catch (error) {
    if (!(error instanceof RedisRefusal)) throw error
    if (error.code === 'NOPERM') return new Map()
    const advice = error.code === 'NOAUTH' ? ': put user and password into its address' : ''
    throw new StoreOutage(`Redis lets nobody in: ${error.message}${advice}`)
  }
}
