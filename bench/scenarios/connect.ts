import { median } from '../compare.js'
import { befriend, registerAll } from '../load/community.js'
import { Connection } from '../load/connection.js'
import { logIn, type Account } from '../load/device.js'
import { driveBy } from '../load/drive.js'
import { createMailbox } from '../load/mailbox.js'
import { inParallel } from '../load/parallel.js'
import { recordName } from '../load/term.js'
import { startAedes } from '../peers/aedes.js'
import { startNynja } from '../peers/nynja.js'
import { atMost, type Row } from '../report.js'
import { opened } from './opened.js'
import type { Scenario, ScenarioContext } from './scenario.js'

export const friends = 1_000
const sequential = 300
const connectors = 50

interface Reconnects {
  readonly connackMs: number
  readonly profileMs: number
}

export const connectCost: Scenario = {
  name: 'connect',
  about: 'reconnects of one device with no friends and with 1,000, and of 50 devices at once',
  run: (context) =>
    opened(async (onEnd) => {
      const aedes = await startAedes()
      onEnd(aedes.stop)
      const theirs = await plainReconnects(aedes.port)
      const theirRate = await connectsPerSecond(context, plainIdentities(), aedes.port)
      context.log(`  aedes        CONNACK after ${theirs.toFixed(2)} ms, ${Math.round(theirRate)} connects/s`)
      const ours = context.hasNynja ? await nynjaReconnects(context, onEnd) : undefined
      return rows(ours, { connackMs: theirs, perSecond: theirRate })
    }),
  async versusRig(peer) {
    const crowd = await registerAll(peer.port, connectors)
    return driveBy((ms) => connectsWithin(ms, identitiesOf(crowd), peer.port), peer.cpuMs)
  },
}

interface Ours {
  readonly lonely: Reconnects
  readonly popular: Reconnects
  readonly perSecond: number
}

async function nynjaReconnects(context: ScenarioContext, onEnd: (close: () => Promise<void>) => void): Promise<Ours> {
  const { port, stop } = await startNynja()
  onEnd(stop)
  const crowd = await registerAll(port, connectors)
  const [lonely, popular] = (await registerAll(port, 2, 100_000)) as [Account, Account]
  await makePopular(port, popular)
  const perSecond = await connectsPerSecond(context, identitiesOf(crowd), port)
  const result = { lonely: await reconnect(port, lonely), popular: await reconnect(port, popular), perSecond }
  for (const [who, { connackMs, profileMs }] of [
    ['no friends', result.lonely],
    ['1,000 friends', result.popular],
  ] as const) {
    context.log(`  nynja        ${who}: CONNACK after ${connackMs.toFixed(2)} ms, Profile after ${profileMs.toFixed(2)} ms`)
  }
  context.log(`  nynja        ${Math.round(perSecond)} connects/s`)
  return result
}

/** Gives somebody 1,000 friends, none of whom stays connected. */
export async function makePopular(port: number, account: Account): Promise<void> {
  const popular = await logIn(port, account)
  const others = await registerAll(port, friends, 200_000)
  await inParallel('friendships', others, 1, async (other) => {
    const device = await logIn(port, other)
    await befriend(device, popular)
    await device.connection.close()
  })
  await popular.connection.close()
}

/** Medians over sequential reconnects of one device, from writing CONNECT. */
async function reconnect(port: number, { clientId, token }: Account): Promise<Reconnects> {
  const connacks: number[] = []
  const profiles: number[] = []
  for (let round = 0; round < sequential; round++) {
    const mailbox = createMailbox()
    const connection = await Connection.open({
      port,
      clientId,
      clean: false,
      password: token,
      will: 'version/1',
      onPublish: mailbox.onPublish,
    })
    const connectedAt = performance.now()
    connacks.push(connection.connackMs)
    await mailbox.take('Profile', ({ term }) => recordName(term) === 'Profile')
    profiles.push(connection.connackMs + performance.now() - connectedAt)
    await connection.close()
  }
  return { connackMs: median(connacks), profileMs: median(profiles) }
}

async function plainReconnects(port: number): Promise<number> {
  const connacks: number[] = []
  for (let round = 0; round < sequential; round++) {
    const connection = await Connection.open({ port, clientId: 'plain', clean: false })
    connacks.push(connection.connackMs)
    await connection.close()
  }
  return median(connacks)
}

interface Identity {
  readonly clientId: string
  readonly password?: string
}

function plainIdentities(): Identity[] {
  return Array.from({ length: connectors }, (_, index) => ({ clientId: `plain_${index}` }))
}

const identitiesOf = (accounts: readonly Account[]): Identity[] => accounts.map(({ clientId, token }) => ({ clientId, password: token }))

async function connectsPerSecond({ seconds }: ScenarioContext, identities: readonly Identity[], port: number): Promise<number> {
  const begin = performance.now()
  const count = await connectsWithin(seconds * 1_000, identities, port)
  return (count * 1_000) / (performance.now() - begin)
}

/** Every identity connects, disconnects and connects again for so long. @returns how many connects there were */
async function connectsWithin(ms: number, identities: readonly Identity[], port: number): Promise<number> {
  const end = performance.now() + ms
  const counts = await inParallel('connects', identities, identities.length, async (identity) => {
    let count = 0
    for (; performance.now() < end; count++) {
      const connection = await Connection.open({ port, ...identity, clean: false, will: 'version/1' })
      await connection.close()
    }
    return count
  })
  return counts.reduce((sum, count) => sum + count, 0)
}

function rows(ours: Ours | undefined, theirs: { readonly connackMs: number; readonly perSecond: number }): Row[] {
  const scenario = 'connect'
  const lonely = ours === undefined ? NaN : ours.lonely.connackMs
  return [
    {
      scenario,
      measure: 'CONNACK, no friends',
      unit: 'ms',
      value: ours?.lonely.connackMs,
      against: { name: 'aedes', value: theirs.connackMs },
    },
    {
      scenario,
      measure: 'CONNACK, 1,000 friends',
      unit: 'ms',
      value: ours?.popular.connackMs,
      against: { name: 'no friends', value: lonely },
      bound: atMost(1.5),
    },
    { scenario, measure: 'Profile, no friends', unit: 'ms', value: ours?.lonely.profileMs },
    { scenario, measure: 'Profile, 1,000 friends', unit: 'ms', value: ours?.popular.profileMs },
    { scenario, measure: 'connects', unit: '1/s', value: ours?.perSecond, against: { name: 'aedes', value: theirs.perSecond } },
  ]
}
