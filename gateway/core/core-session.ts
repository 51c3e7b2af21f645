import {
  answerError,
  answerOk,
  type Answering,
  type BaseMessage,
  type CoreRefusal,
  type EntityId,
  isPublished,
  type Names,
  publishedPushOf,
  pushOf,
  readBaseMessage,
  type Reading,
  requestTypeOf,
} from '../../cadmium/index.js'
import { afterMs, type Monotonic, monotonicMs } from '../../clock/index.js'
import type { Connection, Delivery } from '../../delivery/index.js'
import type { AnyRecord } from '../../protocol/index.js'
import { Asks } from './asks.js'
import type { Call, Handle, Person, Result } from './call.js'
import { isRefusal } from './call.js'
import { checkRequest, type CheckedRequest } from './check-request.js'
import { closeCodes, type CoreLink, type CoreParcel } from './core-link.js'
import { Identity } from './identity.js'
import { handles } from './requests/index.js'

export interface SessionWorld {
  readonly delivery: Delivery
  readonly names: Names
  /** After how many ms the next request of a session may be acted on; 0: at once. Undefined for no limit. */
  readonly newPace: () => () => number
  /** What it is told at the end of a tick. */
  readonly atFlush: (tell: () => void) => void
  readonly onFault: (fault: unknown) => void
  /** Somebody was not who he said. */
  readonly onRefused: (returnCode: 2 | 4) => void
}

/** Requests that wait unanswered before the socket is read no further. */
const mostWaiting = 64
/** Bytes of them, likewise; one more may be as large as a message may be. */
const mostWaitingBytes = 256 * 1024
/** Bytes unread before nothing more is acted on, and for how long before it is closed. */
const unreadBytes = 1024 * 1024
const unreadMs = 60_000
const pingAfterMs = 30_000
const closeAfterMs = 75_000
const guestLifeMs = 600_000

/** Requests of these types may be under way together: they are asked, and so done and answered, in their order. */
const together: ReadonlySet<string> = new Set(['urn:nynja:chat:send'])

interface UnderWay {
  readonly isTogether: boolean
  readonly answer: Promise<string | undefined>
}

/**
 * One WebSocket of this door: what it says is read, done and answered in order; what its device is owed is pushed between the answers.
 * It begins as nobody, may become a registration (a code was asked for) and then a device, or a device at once (a token).
 */
export class CoreSession {
  readonly #link: CoreLink
  readonly #world: SessionWorld
  readonly #asks: Asks
  readonly #identity: Identity
  readonly #pace: () => number
  readonly #waiting: (string | null)[] = []
  readonly #underWay: UnderWay[] = []
  /** Pushes that came before the answer to the login. */
  #held: string[] | undefined = []
  #waitingBytes = 0
  #isPaused = false
  #isStarting = false
  #live = 0
  /** Newest number that a published session has been sent; it acknowledges by pong. */
  #toConfirm = 0
  readonly #openedAt: Monotonic = monotonicMs()
  #heardAt: Monotonic = this.#openedAt
  #isPinged = false
  #unreadSince: Monotonic | undefined

  constructor(link: CoreLink, world: SessionWorld, readings: { readonly pause: () => void; readonly resume: () => void }) {
    this.#link = link
    this.#world = world
    this.#pace = world.newPace()
    this.#asks = new Asks(world.delivery)
    this.#identity = new Identity({ ...world, link, asks: this.#asks })
    this.#readings = readings
    link.events = {
      push: (parcel, number) => this.#push(parcel, number),
      hear: (parcel) => {
        this.#identity.hear(parcel)
        this.#asks.hear(parcel)
      },
      whenAnswered: () => this.#allAnswered(),
      keptBytes: () => this.#waitingBytes,
    }
  }

  readonly #readings: { readonly pause: () => void; readonly resume: () => void }

  /** A message has come. @param text null for a binary one */
  receive(text: string | null): void {
    this.heard()
    this.#waiting.push(text)
    this.#waitingBytes += text?.length ?? 0
    if (!this.#isPaused && (this.#waitingBytes >= mostWaitingBytes || this.#waiting.length + this.#underWay.length >= mostWaiting)) {
      this.#isPaused = true
      this.#readings.pause()
    }
    this.#start()
  }

  /** A frame of any kind has come: it lives. */
  heard(): void {
    this.#heardAt = monotonicMs()
    this.#isPinged = false
  }

  /** What was sent before a ping has been received. */
  pong(data: Buffer): void {
    this.heard()
    const { connection, isPublished: confirms } = this.#identity
    if (connection === undefined) return
    if (confirms && data.length === 8) this.#world.delivery.acknowledged(connection, Number(data.readBigUInt64BE()))
    // A keep-alive is the moment to look whether anything was missed.
    if (connection.pump.isIdle) connection.pump.refresh()
  }

  /** To be called every few seconds. */
  sweep(now: Monotonic): void {
    const silentMs = now - this.#heardAt
    if (silentMs >= closeAfterMs) this.#link.closeWith(closeCodes.policy)
    else if (silentMs >= pingAfterMs && !this.#isPinged) {
      this.#isPinged = true
      this.#link.ping()
    }
    if (this.#identity.person() === undefined && now >= afterMs(this.#openedAt, guestLifeMs)) this.#link.closeWith(closeCodes.policy)
    if (this.#link.waitingBytes <= unreadBytes) this.#unreadSince = undefined
    else if (now >= afterMs((this.#unreadSince ??= now), unreadMs)) this.#link.close('unread')
  }

  /** Begins what may begin: one request after the other, or several that may be under way together. */
  #start(): void {
    if (!this.#isStarting) void this.#startAll()
  }

  async #startAll(): Promise<void> {
    this.#isStarting = true
    try {
      while (this.#waiting.length > 0 && this.#link.isOpen && (await this.#startOne()));
    } finally {
      // In the same step in which nothing was left: what comes next starts again.
      this.#isStarting = false
    }
  }

  /** @returns false if nothing more is to be begun */
  async #startOne(): Promise<boolean> {
    if (this.#link.waitingBytes > unreadBytes) await new Promise<void>((resolve) => this.#link.onceDrained(resolve))
    const text = this.#waiting.shift() ?? null
    this.#waitingBytes -= text?.length ?? 0
    const reading = readBaseMessage(text)
    const isTogether = reading.kind === 'message' && together.has(reading.message.echo.type)
    if (!isTogether || this.#underWay.some((one) => !one.isTogether)) await this.#allAnswered()
    if (!this.#isServed()) return false
    const waitMs = this.#pace()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    this.#begin(reading, isTogether)
    if (!isTogether) await this.#allAnswered()
    return true
  }

  /** A connection that is about to be closed, and a process that is about to stop, act on nothing new. */
  #isServed(): boolean {
    const { connection } = this.#identity
    if (connection === undefined) return !this.#world.delivery.isDraining
    return this.#world.delivery.isServed(connection)
  }

  #begin(reading: Reading, isTogether: boolean): void {
    const before = this.#underWay.at(-1)?.answer
    const own = this.#answerTo(reading)
    const answer = Promise.all([own, before]).then(([text]) => {
      if (text !== undefined) this.#link.write(text)
      this.#underWay.shift()
      this.#greet()
      this.#readOn()
      return text
    })
    this.#underWay.push({ isTogether, answer })
  }

  /** What was pushed before the login was answered comes behind that answer. */
  #greet(): void {
    if (this.#held === undefined || this.#identity.person() === undefined) return
    const held = this.#held
    this.#held = undefined
    for (const text of held) this.#link.write(text)
  }

  #readOn(): void {
    const isMuch = this.#waitingBytes >= mostWaitingBytes / 2 || this.#waiting.length + this.#underWay.length >= mostWaiting / 2
    if (!this.#isPaused || isMuch) return
    this.#isPaused = false
    this.#readings.resume()
  }

  async #allAnswered(): Promise<void> {
    await this.#underWay.at(-1)?.answer
  }

  async #answerTo(reading: Reading): Promise<string | undefined> {
    if (reading.kind === 'silent') return undefined
    if (reading.kind === 'refused') return answerError(reading.echo, this.#answering(), reading.refusal)
    const { message } = reading
    const result = await this.#run(message).catch((fault: unknown): CoreRefusal => {
      this.#world.onFault(fault)
      return { error: 'fault' }
    })
    if (!isRefusal(result)) return answerOk(message.echo, this.#answering(), result.ok)
    const isKnown = requestTypeOf(message.echo.type) !== undefined
    return answerError(message.echo, this.#answering(), result, isKnown && isPublished(message.echo.type))
  }

  #answering(): Answering {
    const { names } = this.#world
    const person = this.#identity.person()
    return { serverName: names.server, caller: person === undefined ? '' : names.user(person.self) }
  }

  async #run(message: BaseMessage): Promise<Result> {
    const person = this.#identity.person()
    const asking = {
      serverName: this.#world.names.server,
      isLoggedIn: person !== undefined,
      isOwn: (entity: EntityId): boolean => this.#identity.isOwn(entity),
    }
    const checked = checkRequest(message, asking)
    if (isRefusal(checked)) return checked
    const handle = handles[checked.name] as Handle<CheckedRequest['name']> | undefined
    if (handle === undefined) return this.#identity.run(checked)
    const { connection } = this.#identity
    if (person === undefined || connection === undefined) return { error: 'no_login' }
    return handle(this.#callOf(checked, this.#identity.actingAs(message.from) ?? person, connection))
  }

  #callOf({ name, to, payload }: CheckedRequest, person: Person, connection: Connection): Call<CheckedRequest['name']> {
    const ask = (record: AnyRecord): ReturnType<Asks['ask']> => this.#asks.ask(connection, record)
    return { name, to, payload: payload, person, ask }
  }

  #push({ delivered }: CoreParcel, number: number): boolean {
    const person = this.#identity.person()
    if (delivered === undefined || person === undefined) return false
    if (this.#identity.isPublished) return this.#pushPublished(publishedPushOf(person, delivered), number)
    const push = pushOf(person, delivered)
    if (push === undefined) return false
    const isLive = push.type === 'urn:nynja:on:typing' || push.type === 'urn:nynja:on:presence'
    if (isLive) this.#say({ id: this.#liveId(), ...push })
    else this.#say({ id: `d${String(number)}`, ...push, payload: { seq: number, ...push.payload } })
    return !isLive
  }

  #pushPublished(push: ReturnType<typeof publishedPushOf>, number: number): boolean {
    if (push === undefined) return false
    this.#say({
      id: number === 0 ? this.#liveId() : `d${String(number)}`,
      type: push.type,
      from: push.from,
      to: push.to,
      ok: true,
      payload: push.payload,
    })
    if (number === 0) return false
    if (this.#toConfirm === 0) {
      this.#world.atFlush(() => {
        const newest = Buffer.alloc(8)
        newest.writeBigUInt64BE(BigInt(this.#toConfirm))
        this.#toConfirm = 0
        this.#link.ping(newest)
      })
    }
    this.#toConfirm = Math.max(this.#toConfirm, number)
    return true
  }

  #liveId(): string {
    this.#live++
    return `l${String(this.#live)}`
  }

  #say(message: object): void {
    const text = JSON.stringify(message)
    if (this.#held === undefined) this.#link.write(text)
    else this.#held.push(text)
  }
}
