import type { IPublishPacket } from 'mqtt-packet'
import { type AnyRecord, decode, decodePush, encode, type Encoding, record } from '../../protocol/index.js'
import { bert, eventsTopic, fence, register } from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { type Bindings, newBindings } from './binding.js'
import { termBytes, termOf } from './erlang-bytes.js'
import { parsePattern, show, type Pattern, type Term } from './erlang-term.js'
import { type Line, parseScript } from './script.js'

/** What each device of a flow speaks; BERT and v1 where nothing is said. */
export type Cast = Readonly<Record<string, Encoding>>

/** One time a flow is played, with names of its own, so that all runs can share a server. */
export interface Run {
  readonly title: string
  readonly cast: Cast
  /** 0 leaves the names of flows.md as they are. */
  readonly number: number
}

const [v11, json, msgpack]: Encoding[] = [
  { codec: 'bert', dialect: 'v11' },
  { codec: 'json', dialect: 'v1' },
  { codec: 'msgpack', dialect: 'v11' },
]

const everyone = ['A1', 'A2', 'B1', 'B2', 'C1']

/** The runs of every flow: as written, in the other dialect, and with all codecs in one chat. */
export const runs: readonly Run[] = [
  { title: 'v1, BERT', number: 0, cast: {} },
  { title: 'v11, BERT', number: 1, cast: Object.fromEntries(everyone.map((name) => [name, v11!])) },
  { title: 'a BERT phone, a MessagePack sensor and a JSON page', number: 2, cast: { A2: json!, B1: json!, B2: msgpack!, C1: msgpack! } },
]

interface Role {
  readonly encoding: Encoding
  wire: WireDevice | undefined
  clientId: string
  /** Whether it has sent a request on this connection: from then on it is answered in its own codec. */
  hasSpoken: boolean
  /** What it is owed while it is away. */
  readonly backlog: (Line & { kind: 'expect' | 'expect-bytes' })[]
}

/** The devices of a flow on a server, and what the names of the flow stand for. */
export interface Stage {
  readonly bindings: Bindings
  /**
   * Registers and connects a device without looking at what it is told; binds `PA`, `RA` (roster id) and `TOKEN_A1` for A1.
   * @param name set as the names of the roster
   */
  join(device: string, phone: string, name?: string): Promise<void>
  /** Publishes each request in turn and reads nothing of what it leads to. */
  prepare(...requests: readonly (readonly [device: string, request: string])[]): Promise<void>
  leave(device: string): Promise<void>
  /** The text a variable is bound to. */
  name(variable: string): string
  /**
   * Plays the lines: what is expected comes, complete, in the order of its topic, and nobody receives anything else. What is expected of a
   * device that is away must come when the flow says `> B2 QUEUE`.
   */
  play(script: string): Promise<void>
  close(): void
}

const phoneLetter = /[A-Z]/

export function newStage(port: number, { cast, number }: Run): Stage {
  const bindings = newBindings()
  const roles = new Map<string, Role>()
  bindings.define('K', parsePattern('{p2p,PA,PB}'))
  bindings.define('R', parsePattern(rename('{muc,<<"r1">>}')))

  function rename(text: string): string {
    if (number === 0) return text
    return text
      .replaceAll('38067000', `38067${String(number)}00`)
      .replaceAll(/\b((?:emqttd_)?(?:reg|emqttd)_[A-Z]\d)\b/g, `$1r${String(number)}`)
      .replaceAll('anna_k', `anna_k${String(number)}`)
      .replaceAll('"r1"', `"r1r${String(number)}"`)
      .replaceAll('room/r1', `room/r1r${String(number)}`)
  }

  function role(name: string): Role {
    const known = roles.get(name)
    if (known !== undefined) return known
    const made: Role = { encoding: cast[name] ?? bert, wire: undefined, clientId: '', hasSpoken: false, backlog: [] }
    roles.set(name, made)
    return made
  }

  function connected(name: string): Role & { wire: WireDevice } {
    const { wire } = role(name)
    if (wire === undefined) throw new Error(`${name} is not connected`)
    return Object.assign(role(name), { wire })
  }

  function topicName(name: string, device: string): string {
    if (name === 'E') return eventsTopic
    if (name === 'act') return `actions/1/api/${role(device).clientId}`
    const text = name === 'P2P' ? 'p2p/PA/PB' : name
    return text.replaceAll(/\bP[A-Z]\b/g, (variable) => textOf(bindings.resolve({ kind: 'variable', name: variable })))
  }

  /** A tuple as the device writes it: its bytes as they are, or what its codec and dialect make of the record. */
  function payloadOf(term: Term, layout: 'v1' | 'v11', { encoding }: Role): Uint8Array {
    const bytes = termBytes(term)
    if (encoding.codec === 'bert' && encoding.dialect === layout) return bytes
    const decoded = decode(bytes, layout)
    if (decoded.kind === 'refusal') throw new Error(`${show(term)}: ${decoded.because}`)
    return encode(decoded.record, encoding)
  }

  /** The tuple of a layout that a device was sent, in whatever codec and dialect it was. */
  function tupleOf(push: IPublishPacket, layout: 'v1' | 'v11', { encoding, hasSpoken }: Role): Term {
    const payload = Buffer.from(push.payload)
    const decoded = decodePush(payload, encoding.dialect)
    if (decoded.kind === 'refusal') throw new Error(`${push.topic}: ${decoded.because} (${payload.toString('hex')})`)
    if (hasSpoken && decoded.encoding.codec !== encoding.codec) throw new Error(`${push.topic} came in ${decoded.encoding.codec}`)
    if (decoded.encoding.dialect !== encoding.dialect) throw new Error(`${push.topic} came in ${decoded.encoding.dialect}`)
    if (decoded.encoding.codec === 'bert' && encoding.dialect === layout) return termOf(payload)
    return termOf(encode(layout === 'v1' ? withoutShownAlias(decoded.record) : decoded.record, { codec: 'bert', dialect: layout }))
  }

  const speaks = (line: Line, device: string): boolean => line.dialect === undefined || line.dialect === role(device).encoding.dialect

  async function expectOne(line: Line & { kind: 'expect' }, device: string): Promise<void> {
    const { wire, ...rest } = connected(device)
    const topic = topicName(line.topic, device)
    const push = await wire.pushes
      .take(`${topic} at ${device}`, (one) => one.topic === topic)
      .catch((error: unknown) => {
        throw new Error(`${line.text}\n  ${String(error)}\n${unread(device)}`)
      })
    const because = bindings.match(line.pattern, tupleOf(push, line.layout, { ...rest, wire }))
    if (because !== undefined || push.retain) {
      throw new Error(
        `${line.text}\n  at ${device}: ${because ?? 'the retain flag is set'}\n  came: ${showPush(push, device)}\n${unread(device)}`,
      )
    }
  }

  function showPush(push: IPublishPacket, device: string): string {
    try {
      return `${push.topic} ${show(tupleOf(push, 'v1', role(device)))}`
    } catch {
      return `${push.topic} 0x${Buffer.from(push.payload).toString('hex')}`
    }
  }

  function unread(device: string): string {
    return (role(device).wire?.pushes.items ?? []).map((push) => `  unread at ${device}: ${showPush(push, device)}`).join('\n')
  }

  async function checkNothingElse(after: string): Promise<void> {
    for (const [name, { wire, encoding }] of roles) {
      if (wire === undefined) continue
      await fence(wire, encoding)
      role(name).hasSpoken = true
      if (wire.pushes.items.length > 0) throw new Error(`${after}\n  ${name} got more than that\n${unread(name)}`)
    }
  }

  async function forgetAll(): Promise<void> {
    for (const { wire, encoding } of roles.values()) {
      if (wire === undefined) continue
      await fence(wire, encoding)
      wire.pushes.takeAll()
    }
  }

  async function connect(line: Line & { kind: 'connect' }): Promise<void> {
    const actor = role(line.device)
    const wire = dial(port)
    const { password, will } = line
    // A device that speaks v11 names its own version where the flow names the one of v1.
    const willTopic = will?.topic === 'version/1' && actor.encoding.dialect === 'v11' ? 'version/11' : will?.topic
    const connack = await wire.connect({
      clientId: line.clientId,
      ...(password === undefined
        ? {}
        : { password: /^TOKEN_/.test(password) ? textOf(bindings.resolve({ kind: 'variable', name: password })) : password }),
      ...(willTopic === undefined ? {} : { will: { topic: topicName(willTopic, line.device), payload: will?.payload ?? Buffer.alloc(0) } }),
    })
    const got = `${String(connack.returnCode)}${connack.sessionPresent ? ' present' : ''}`
    if (got !== line.connack) throw new Error(`${line.text}\n  got CONNACK ${got}`)
    if (connack.returnCode !== 0) return
    // The connection of the same client id that stood is closed [MQTT-3.1.4-2].
    if (actor.clientId === line.clientId) await actor.wire?.closed
    Object.assign(actor, { wire, clientId: line.clientId, hasSpoken: false })
  }

  async function act(line: Line): Promise<void> {
    switch (line.kind) {
      case 'connect':
        return connect(line)
      case 'disconnect':
      case 'cut': {
        const { wire } = connected(line.device)
        role(line.device).wire = undefined
        if (line.kind === 'cut') wire.cut()
        else await wire.disconnect()
        return wire.closed
      }
      case 'publish': {
        const actor = connected(line.device)
        await actor.wire.publish(topicName(line.topic, line.device), payloadOf(bindings.resolve(line.pattern), line.layout, actor))
        role(line.device).hasSpoken = true
        return
      }
      case 'publish-bytes':
        return connected(line.device).wire.publish(topicName(line.topic, line.device), line.bytes)
      default:
    }
  }

  async function expectBytes(line: Line & { kind: 'expect-bytes' }, device: string): Promise<void> {
    const topic = topicName(line.topic, device)
    const isIt = (push: IPublishPacket): boolean => push.topic === topic && line.bytes.equals(Buffer.from(push.payload))
    await connected(device).wire.pushes.take(`${line.text} at ${device}`, isIt)
  }

  async function expectLine(line: Line): Promise<void> {
    switch (line.kind) {
      case 'expect':
      case 'expect-bytes':
        for (const device of line.devices) {
          if (!speaks(line, device)) continue
          if (role(device).wire === undefined) role(device).backlog.push(line)
          else if (line.kind === 'expect') await expectOne(line, device)
          else await expectBytes(line, device)
        }
        return
      case 'expect-queue':
        for (const owed of role(line.device).backlog.splice(0)) {
          if (owed.kind === 'expect') await expectOne(owed, line.device)
          else await expectBytes(owed, line.device)
        }
        return
      case 'expect-closed':
        await connected(line.device).wire.closed
        role(line.device).wire = undefined
        return
      default:
    }
  }

  return {
    bindings,
    async join(device, phone, name) {
      const actor = role(device)
      const account = await register(port, rename(`reg_${device}`).slice('reg_'.length), rename(phone))
      const wire = dial(port)
      const { dialect } = actor.encoding
      const will = { topic: dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.alloc(0) }
      await wire.connect({ clientId: account.clientId, password: account.token, will })
      Object.assign(actor, { wire, clientId: account.clientId })
      const [letter] = phoneLetter.exec(device) ?? []
      const rosterId = Number(account.phoneId.split('_')[1])
      bindings.bind(`P${letter ?? ''}`, { kind: 'binary', text: account.phoneId })
      bindings.bind(`R${letter ?? ''}`, { kind: 'integer', value: rosterId })
      bindings.bind(`TOKEN_${device}`, { kind: 'binary', text: account.token })
      if (name !== undefined) {
        const patch: AnyRecord = record('Roster', { id: rosterId, names: name, status: 'patch' })
        await wire.publish(eventsTopic, encode(patch, actor.encoding))
      }
      await forgetAll()
      actor.hasSpoken = true
    },
    async prepare(...requests) {
      for (const [device, request] of requests) {
        const actor = connected(device)
        await actor.wire.publish(eventsTopic, payloadOf(bindings.resolve(parsePattern(rename(request))), 'v1', actor))
        await forgetAll()
      }
    },
    async leave(device) {
      const { wire } = connected(device)
      role(device).wire = undefined
      await wire.disconnect()
    },
    name: (variable) => textOf(bindings.resolve({ kind: 'variable', name: variable })),
    async play(script) {
      let last: Line | undefined
      for (const line of parseScript(rename(script))) {
        if (line.kind === 'define') {
          bindings.define(line.name, line.pattern)
          continue
        }
        const isExpectation = line.kind.startsWith('expect')
        if (line.kind === 'publish' && !speaks(line, line.device)) continue
        if (!isExpectation && last?.kind.startsWith('expect') === true) await checkNothingElse(last.text)
        await (isExpectation ? expectLine(line) : act(line))
        last = line
      }
      await checkNothingElse(last?.text ?? '')
    },
    close() {
      for (const { wire } of roles.values()) wire?.cut()
    },
  }
}

function textOf(term: Pattern): string {
  if (term.kind !== 'binary') throw new TypeError(`${show(term)} is no binary`)
  return term.text
}

/** v11 shows names and surnames where a member has no alias; the scripts are in v1, which does not. */
function withoutShownAlias<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(withoutShownAlias) as T
  const copy = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutShownAlias(part)])) as Record<string, unknown>
  const shown = [copy['names'], copy['surnames']].filter((part) => typeof part === 'string').join(' ')
  return (copy['tag'] === 'Member' && copy['alias'] === shown ? { ...copy, alias: null } : copy) as T
}
