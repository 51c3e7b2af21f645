import { randomBytes, randomUUID } from 'node:crypto'
import { type CoreRefusal, type EntityId, type Names, parseEntityId, type PayloadOf, wrongAt } from '../../cadmium/index.js'
import type { Connection, ConnectWords, Decided, Delivery } from '../../delivery/index.js'
import { type AnyRecord, type Auth, isTuple, parsePhone, type Profile, record, type RecordOf } from '../../protocol/index.js'
import { clientKind } from '../../topics/index.js'
import { answerOf, type Asks, type Told } from './asks.js'
import { type Person, type Result, isRefusal } from './call.js'
import type { CheckedRequest } from './check-request.js'
import { closeCodes, type CoreLink, type CoreParcel } from './core-link.js'
import { isOk, refusalOf, whyNot } from './refusals.js'

interface IdentityWorld {
  readonly link: CoreLink
  readonly delivery: Delivery
  readonly names: Names
  readonly asks: Asks
  readonly onRefused: (returnCode: 2 | 4) => void
}

/** The device of a session. */
interface Device {
  readonly device: string
  token: string
  readonly isPublished: boolean
  /** Numbers of the own rosters, and the nick of each that has one. */
  readonly rosters: Map<number, string | null>
}

const devicePrefix = 'emqttd_'
/** Where a device speaks the records that this door translates. */
const willTopic = 'version/11'
/** Wrong tokens on one connection before it is closed. */
const mostWrongTokens = 10

/** Who a session is: nobody, a registration that has asked for a code, or a device. @see docs/protocol/core.md 5.1 */
export class Identity {
  readonly #world: IdentityWorld
  #connection: Connection | undefined
  #device: Device | undefined
  /** The phone that a code was sent to on this connection. */
  #asked: string | undefined
  /** Waits for what a device is told when it connects. */
  #greeting: { readonly device: Device; readonly done: () => void } | undefined
  #wrongTokens = 0

  constructor(world: IdentityWorld) {
    this.#world = world
  }

  /** Of the device, or the registration. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  /** It has logged in by the published way, and is pushed in published forms. */
  get isPublished(): boolean {
    return this.#device?.isPublished === true
  }

  /** Who has logged in; undefined before. */
  person(): Person | undefined {
    const phone = this.#connection?.accepted?.number
    if (this.#device === undefined || phone === undefined) return undefined
    const own = [...this.#device.rosters.keys()].map((id) => `${phone}_${String(id)}`)
    const [self] = own
    return self === undefined ? undefined : { names: this.#world.names, own, phone, self }
  }

  /** The person as the own roster that `from` names. */
  actingAs(from: EntityId | null): Person | undefined {
    const person = this.person()
    if (person === undefined || from?.kind !== 'user') return person
    const self = this.#ownNamed(from.local, person)
    return self === undefined ? person : { ...person, self }
  }

  isOwn(entity: EntityId): boolean {
    const person = this.person()
    if (person === undefined || entity.server !== this.#world.names.server) return false
    if (entity.kind === 'msisdn') return entity.phone === person.phone
    return entity.kind === 'user' && this.#ownNamed(entity.local, person) !== undefined
  }

  #ownNamed(local: string, { own }: Person): string | undefined {
    const nicks = [...(this.#device?.rosters.values() ?? [])]
    return own.find((roster, i) => roster === local || nicks[i]?.toLowerCase() === local)
  }

  /** What is told when a device connects, and what changes of its rosters later. */
  hear({ topic, delivered }: CoreParcel): void {
    const told = delivered?.record
    if (told?.tag === 'Roster' && this.#device !== undefined && (topic.startsWith('ses/') || told.status === 'list')) this.#noteRoster(told)
    if (this.#greeting === undefined || !topic.startsWith('actions/') || told === undefined) return
    const { device, done } = this.#greeting
    if (told.tag === 'io') device.token = loginIn(told)?.token ?? device.token
    if (told.tag !== 'Profile') return
    for (const [id, nick] of rostersIn(told)) device.rosters.set(id, nick)
    this.#device = device
    this.#greeting = undefined
    done()
  }

  #noteRoster({ id, nick, status }: RecordOf<'Roster'>): void {
    if (typeof id !== 'number') return
    if (status === 'remove' || status === 'del') this.#device?.rosters.delete(id)
    else if (nick !== null || this.#device?.rosters.has(id) !== true) this.#device?.rosters.set(id, nick)
  }

  run({ name, payload }: CheckedRequest): Promise<Result> {
    switch (name) {
      case 'urn:nynja:auth:code':
        return this.#code(payload as never)
      case 'urn:nynja:auth:verify':
        return this.#verify(payload as never)
      case 'urn:nynja:auth:token':
        return this.#token(payload as never)
      case 'urn:nynja:auth:logout':
        return this.#logout()
      case 'urn:nynja:inbox:ack':
        return Promise.resolve(this.#acknowledge(payload as never))
      case 'urn:cadmium:connection:open':
        return Promise.resolve({ ok: { id: randomUUID() } })
      case 'urn:cadmium:profile:register':
        return this.#registerPublished(payload as never)
      case 'urn:cadmium:auth':
        return this.#authPublished(payload as never)
      default:
        return Promise.resolve({ error: 'unknown_type' })
    }
  }

  async #code({ phone, via, language }: PayloadOf<'urn:nynja:auth:code'>): Promise<Result> {
    if (this.#device !== undefined) return { error: 'logged_in' }
    const number = this.#phoneIn(phone)
    if (isRefusal(number)) return number
    const refusal = via === 'call' ? await this.#call(number.phone, language ?? 'en') : await this.#sms(number.phone)
    return refusal ?? { ok: { sent: via ?? 'sms' } }
  }

  /** Digits with or without +, or the EntityID of a number. */
  #phoneIn(text: string): { readonly phone: string } | CoreRefusal {
    const entity = text.startsWith('%') ? parseEntityId(text) : undefined
    if (text.startsWith('%') && entity === undefined) return wrongAt('no_entity_id', 'payload.phone')
    if (entity !== undefined && entity.server !== this.#world.names.server) return wrongAt('foreign_server', 'payload.phone')
    const phone = entity?.kind === 'msisdn' ? entity.phone : parsePhone(text.replace(/^\+/, ''))
    return phone === undefined ? wrongAt('wrong_field', 'payload.phone') : { phone }
  }

  async #sms(phone: string): Promise<CoreRefusal | undefined> {
    const connection = await this.#registration()
    if (isRefusal(connection)) return connection
    const refusal = await this.#askForCode(connection, record('Auth', { client_id: connection.words.clientId, phone, type: 'reg' }))
    if (refusal === undefined) this.#asked = phone
    return refusal
  }

  async #call(phone: string, language: string): Promise<CoreRefusal | undefined> {
    if (this.#connection === undefined || this.#asked !== phone) return { error: 'no_code_asked' }
    const client_id = this.#connection.words.clientId
    return this.#askForCode(this.#connection, record('Auth', { client_id, phone, type: 'voice', services: [language] }))
  }

  /** The answer comes when the code has been sent, which may be long after the request is done. */
  async #askForCode(connection: Connection, asked: Auth): Promise<CoreRefusal | undefined> {
    const told = await this.#world.asks.ask(connection, asked)
    const heard = answerOf(told, 'io') ?? (whyNot(told) === undefined ? await this.#world.asks.next() : undefined)
    if (isOk(heard)) return undefined
    const why = whyNot(heard === undefined ? told : withAnswer(told, heard))
    if (why === undefined) return { error: 'unavailable' }
    if (why.code === 'attempts_expired' && why.waitMs === 0) return { error: 'too_many_attempts' }
    return refusalOf(why, { sms_send: 'code_not_sent', session_not_found: 'no_code_asked', invalid_data: 'wrong_field' }, 'payload.phone')
  }

  /** The connection that asks for codes; one for as long as nobody has logged in. */
  async #registration(): Promise<Connection | CoreRefusal> {
    if (this.#connection?.accepted?.client === 'registration') return this.#connection
    const result = await this.#connect({ clientId: `reg_core-${randomBytes(16).toString('hex')}`, password: null })
    if (result.kind === 'refused') return { error: 'unavailable' }
    this.#world.delivery.welcomed(this.#opened())
    return this.#opened()
  }

  #opened(): Connection {
    if (this.#connection === undefined) throw new Error('a connection was decided on and is not there')
    return this.#connection
  }

  /** Goes on as somebody else. */
  #connect({ clientId, password }: Pick<ConnectWords, 'clientId' | 'password'>): Promise<Decided> {
    const { delivery, link, asks } = this.#world
    const words: ConnectWords = {
      clientId,
      userName: '',
      password,
      isClean: false,
      willTopic,
      address: link.origin.address,
      isToldVerdicts: true,
    }
    asks.forget()
    const before = this.#connection
    const connection = before === undefined ? delivery.open(link, words) : delivery.reopen(before, words)
    this.#connection = connection
    return new Promise((resolve) => {
      delivery.decide(connection, resolve)
    })
  }

  async #verify({ code, os }: PayloadOf<'urn:nynja:auth:verify'>): Promise<Result> {
    if (this.#device !== undefined) return { error: 'logged_in' }
    const verified = await this.#verified(code, { os: os ?? 'web' })
    return isRefusal(verified) ? verified : this.#loginAs(verified, { isPublished: false })
  }

  /** The device that a code registers. */
  async #verified(code: string, more: Partial<Auth>): Promise<{ readonly clientId: string; readonly token: string } | CoreRefusal> {
    const connection = this.#connection
    if (connection === undefined || this.#asked === undefined) return { error: 'no_code_asked' }
    const client_id = connection.words.clientId
    const told = await this.#world.asks.ask(connection, record('Auth', { client_id, type: 'verify', sms_code: code, ...more }))
    const io = answerOf(told, 'io')
    const login = io === undefined ? undefined : loginIn(io)
    if (login !== undefined) return login
    const why = whyNot(told)
    if (why === undefined) return { error: 'fault' }
    const own = { session_not_found: 'no_code_asked', invalid_sms_code: 'wrong_code', attempts_expired: 'too_many_attempts' } as const
    return refusalOf(why, own, 'payload.code')
  }

  async #token({ device, token, seq }: PayloadOf<'urn:nynja:auth:token'>): Promise<Result> {
    if (this.#device !== undefined) return { error: 'logged_in' }
    return this.#loginAs({ clientId: `${devicePrefix}${device}`, token }, { isPublished: false, seq: seq ?? 0 })
  }

  /** Connects as a device, and waits for what it is told then. */
  async #loginAs(
    { clientId, token }: { readonly clientId: string; readonly token: string },
    { isPublished, seq = 0 }: { readonly isPublished: boolean; readonly seq?: number },
  ): Promise<Result> {
    if (clientKind(clientId) !== 'device') return this.#wrongToken(0)
    const decided = await this.#connect({ clientId, password: token })
    this.#asked = undefined
    if (decided.kind === 'refused') {
      this.#world.onRefused(decided.returnCode)
      return this.#wrongToken(decided.delayMs)
    }
    const connection = this.#opened()
    this.#world.delivery.acknowledged(connection, seq)
    const device: Device = { device: clientId.slice(devicePrefix.length), token, isPublished, rosters: new Map() }
    const greeted = new Promise<void>((done) => {
      this.#greeting = { device, done }
    })
    this.#world.delivery.welcomed(connection)
    await greeted
    const person = this.person()
    if (person === undefined) return { error: 'fault' }
    return {
      ok: { user: person.names.user(person.self), device: device.device, token: device.token, inbox: inboxOf(connection) },
    }
  }

  async #wrongToken(delayMs: number): Promise<CoreRefusal> {
    this.#wrongTokens++
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
    if (this.#wrongTokens >= mostWrongTokens) this.#world.link.closeWith(closeCodes.policy)
    return { error: 'unknown_device' }
  }

  async #logout(): Promise<Result> {
    const told = await this.#world.asks.ask(this.#opened(), record('Auth', { type: 'logout' }))
    const why = whyNot(told)
    return why === undefined ? { ok: {} } : refusalOf(why)
  }

  #acknowledge({ seq }: PayloadOf<'urn:nynja:inbox:ack'>): Result {
    const connection = this.#opened()
    const { pump } = connection
    const newest = Math.max(pump.newest, connection.accepted?.inbox?.last ?? 0)
    if (seq > newest) return { error: 'beyond_inbox' }
    const settled = this.#world.delivery.acknowledged(connection, seq)
    return { ok: { seq: settled, dropped: connection.accepted?.inbox?.dropped ?? 0 } }
  }

  /** There are no accounts without a phone; what a client wants as name and password is passed over. @see docs/protocol/core.md 4.4 */
  async #registerPublished({ thirdPIDs }: PayloadOf<'urn:cadmium:profile:register'>): Promise<Result> {
    if (this.#device !== undefined) return { error: 'logged_in' }
    const named = thirdPIDs.find(({ type }) => type === 'msisdn')
    if (named === undefined) return { error: 'registration_disabled' }
    const phone = parsePhone(named.value.replace(/^\+/, ''))
    if (phone === undefined) return wrongAt('wrong_field', 'payload.thirdPIDs')
    return (await this.#sms(phone)) ?? { ok: { userID: this.#world.names.phone(phone) } }
  }

  async #authPublished({ type, fields }: PayloadOf<'urn:cadmium:auth'>): Promise<Result> {
    if (this.#device !== undefined) return { error: 'logged_in' }
    switch (type) {
      case 'urn:cadmium:auth:login_password':
      case 'urn:cadmium:auth:simple':
        return this.#passwordPublished(fields.username ?? '', fields.password ?? '')
      case 'urn:cadmium:auth:token':
        return this.#tokenPublished(fields.token ?? '')
      default:
        return { error: 'unknown_login' }
    }
  }

  /** The password is the code. */
  async #passwordPublished(username: string, password: string): Promise<Result> {
    const number = this.#phoneIn(username)
    if (isRefusal(number) || number.phone !== this.#asked) return { error: 'wrong_credentials' }
    const verified = await this.#verified(password, { os: 'web' })
    const login = isRefusal(verified) ? verified : await this.#loginAs(verified, { isPublished: true })
    if (isRefusal(login)) return credentials(login)
    const device = this.#device?.device ?? ''
    return { ok: { token: `${device}.${this.#device?.token ?? ''}`, deviceID: device } }
  }

  /** A token alone does not say whose it is: it begins with the device. */
  async #tokenPublished(text: string): Promise<Result> {
    const at = text.lastIndexOf('.')
    const clientId = `${devicePrefix}${text.slice(0, Math.max(0, at))}`
    const login = await this.#loginAs({ clientId, token: text.slice(at + 1) }, { isPublished: true })
    return isRefusal(login) ? credentials(login) : { ok: {} }
  }
}

/** Whatever is wrong with them; what will pass is said as it is. */
function credentials(refusal: CoreRefusal): CoreRefusal {
  return refusal.error === 'unavailable' || refusal.error === 'fault' ? refusal : { error: 'wrong_credentials' }
}

function withAnswer(told: Told, answer: AnyRecord): Told {
  return { ...told, heard: [...told.heard, { isAnswer: true, record: answer }] }
}

/** Client id and token, if an io tells them. */
function loginIn({ code }: RecordOf<'io'>): { readonly clientId: string; readonly token: string } | undefined {
  if (code === null || typeof code !== 'object' || !('tag' in code) || code.tag !== 'ok2' || code.code !== 'login') return undefined
  const [clientId, token] = isTuple(code.src) ? code.src.tuple : []
  return typeof clientId === 'string' && typeof token === 'string' ? { clientId, token } : undefined
}

function rostersIn({ rosters }: Profile): readonly (readonly [id: number, nick: string | null])[] {
  return rosters.flatMap((roster) => {
    if (typeof roster !== 'object') return [[Number(roster), null] as const]
    return roster.id === null ? [] : [[Number(roster.id), roster.nick] as const]
  })
}

function inboxOf({ accepted }: Connection): { readonly settled: number; readonly last: number; readonly dropped: number } {
  const { settledTo: settled = 0, last = 0, dropped = 0 } = accepted?.inbox ?? {}
  return { settled, last, dropped }
}
