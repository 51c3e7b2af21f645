import { afterMs, monotonicMs } from '../../clock/index.js'
import { patienceMs } from '../patience.js'
import { befriendCore, type CoreClient, type CoreMessage, dialCore, registerCore } from '../wire/core-client.js'

/** What somebody has sent and been sent, over all connections. */
interface Citizen {
  readonly user: string
  readonly friend: string
  readonly device: string
  readonly token: string
  /** Keys in the order in which they were sent first, and the message of each that was acknowledged. */
  readonly sent: Map<string, string | undefined>
  /** Keys of messages of the friend, in the order in which they were handled. */
  readonly got: string[]
  /** Of the last push that was handled. */
  seq: number
  client: CoreClient | undefined
}

/** Friends in pairs who write to each other as fast as they are answered, each sending again what got no answer before a cut. */
export interface CoreTown {
  start(): void
  /** Resolves when so many more sends have been acknowledged. */
  acknowledgements(count: number): Promise<void>
  /** No new messages; resolves when all are acknowledged and have been read by the other. */
  settle(): Promise<void>
  /** Nobody comes back from then on. What is wrong: nothing if each message is in the history once, in order, and was handled by the other once, in that order. */
  problems(): Promise<readonly string[]>
  readonly connections: number
  close(): void
}

const underWayAtOnce = 8
const acknowledgedAtOnce = 8
const retryMs = 20

/** @param port of the present life of the server */
export async function buildCoreTown(port: () => number, pairs: number): Promise<CoreTown> {
  const citizens: Citizen[] = []
  let isGoing = false
  let isOver = false
  let acknowledged = 0
  let connections = 0
  const waiting: { readonly at: number; readonly resolve: () => void }[] = []

  function noteAcknowledged(): void {
    acknowledged++
    while (waiting[0] !== undefined && waiting[0].at <= acknowledged) waiting.shift()?.resolve()
  }

  function say(citizen: Citizen, id: string, type: string, payload: object, to?: string): void {
    citizen.client?.socket.send(JSON.stringify({ id, type: `urn:nynja:${type}`, to, payload }))
  }

  const unanswered = ({ sent }: Citizen): readonly string[] => [...sent].flatMap(([key, message]) => (message === undefined ? [key] : []))
  const sendOne = (citizen: Citizen, key: string): void => {
    say(citizen, key, 'chat:send', { text: key, key }, citizen.friend)
  }

  function sendMore(citizen: Citizen): void {
    for (let free = underWayAtOnce - unanswered(citizen).length; isGoing && free > 0; free--) {
      const key = `${citizen.user} ${String(citizen.sent.size)}`
      citizen.sent.set(key, undefined)
      sendOne(citizen, key)
    }
  }

  function hear(citizen: Citizen, { id, type, ok, payload }: CoreMessage): void {
    const seq = Number(payload['seq'] ?? 0)
    if (ok === true && citizen.sent.has(id)) {
      if (citizen.sent.get(id) === undefined) noteAcknowledged()
      citizen.sent.set(id, String(payload['message']))
      sendMore(citizen)
    } else if (ok === undefined && seq > citizen.seq) {
      citizen.seq = seq
      if (type === 'urn:nynja:on:message' && payload['from'] === citizen.friend && payload['key'] !== null)
        citizen.got.push(payload['key'] as string)
      if (seq % acknowledgedAtOnce === 0 || !isGoing) say(citizen, 'ack', 'inbox:ack', { seq })
    }
  }

  /** One connection after the other: two at a time would close each other. */
  async function live(citizen: Citizen): Promise<void> {
    while (!isOver) {
      // There may be no server just now.
      await connectOnce(citizen).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }

  /** Resolves when the connection has ended. */
  async function connectOnce(citizen: Citizen): Promise<void> {
    const client = await dialCore(port())
    const { device, token, seq } = citizen
    client.socket.on('message', (data: Buffer) => {
      hear(citizen, JSON.parse(data.toString()) as CoreMessage)
    })
    await client.get('urn:nynja:auth:token', { device, token, seq })
    connections++
    citizen.client = client
    for (const key of unanswered(citizen)) sendOne(citizen, key)
    sendMore(citizen)
    await client.closed
  }

  for (let pair = 0; pair < pairs; pair++) {
    const a = await registerCore(port(), `38067005${String(1_000 + pair * 2)}`)
    const b = await registerCore(port(), `38067005${String(1_001 + pair * 2)}`)
    await befriendCore(a, b)
    for (const [own, other] of [[a, b] as const, [b, a] as const]) {
      const { user, device, token } = own
      citizens.push({ user, device, token, friend: other.user, sent: new Map(), got: [], seq: 0, client: undefined })
    }
    await Promise.all([a.close(), b.close()])
  }

  const stateOf = (one: Citizen): string =>
    `${one.user} socket ${String(one.client?.socket.readyState)} seq ${String(one.seq)} got ${String(one.got.length)} sent ${String(one.sent.size)} unanswered ${unanswered(one).join(' ')}`

  return {
    start() {
      isGoing = true
      for (const citizen of citizens) void live(citizen)
    },
    acknowledgements: (count) => new Promise((resolve) => waiting.push({ at: acknowledged + count, resolve })),
    async settle() {
      isGoing = false
      const isSettled = (citizen: Citizen): boolean => {
        const other = citizens.find(({ user }) => user === citizen.friend)
        return unanswered(citizen).length === 0 && (other?.got.length ?? 0) >= citizen.sent.size
      }
      const end = afterMs(monotonicMs(), patienceMs)
      for (const citizen of citizens) {
        while (!isSettled(citizen)) {
          if (monotonicMs() > end) throw new Error(`not settled: ${citizens.map(stateOf).join('; ')}`)
          // What was handled is acknowledged, so that the rest comes.
          for (const one of citizens) if (one.seq > 0 && one.client?.socket.readyState === 1) say(one, 'ack', 'inbox:ack', { seq: one.seq })
          await new Promise((resolve) => setTimeout(resolve, retryMs))
        }
      }
    },
    async problems() {
      isOver = true
      const found: string[] = []
      for (const citizen of citizens) {
        const keys = (await historyOf(citizen)).filter(([from]) => from === citizen.user).map(([, key]) => key)
        const other = citizens.find(({ user }) => user === citizen.friend)
        if (JSON.stringify(keys) !== JSON.stringify([...citizen.sent.keys()]))
          found.push(`the history of ${citizen.user} is not what was sent`)
        if (JSON.stringify(other?.got) !== JSON.stringify(keys))
          found.push(`${citizen.friend} was not told all of ${citizen.user} once and in order`)
      }
      return found
    },
    get connections() {
      return connections
    },
    close() {
      isOver = true
      for (const { client } of citizens) client?.socket.terminate()
    },
  }

  /** Authors and keys of a chat, in order. */
  async function historyOf({ device, token, friend, seq }: Citizen): Promise<readonly (readonly [from: string, key: string])[]> {
    const client = await dialCore(port())
    await client.get('urn:nynja:auth:token', { device, token, seq })
    const all: (readonly [string, string])[] = []
    let from: unknown
    do {
      const page = await client.get(
        'urn:nynja:chat:history',
        { limit: 1_000, direction: 'newer', ...(from === undefined ? {} : { from }) },
        friend,
      )
      for (const one of page['messages'] as { from: string; key: string | null }[]) if (one.key !== null) all.push([one.from, one.key])
      from = page['next']
    } while (from !== null)
    await client.close()
    return all
  }
}
