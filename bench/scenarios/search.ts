import { parsePhone, parsePhoneId } from '../../topics/index.js'
import { logIn, register, requestTopic, type Account, type Device } from '../load/device.js'
import { commonName, storeCrowd, unfriendlyName, type Crowd } from '../load/crowd.js'
import { Latencies } from '../load/latencies.js'
import { publishTemplate } from '../load/mqtt-packets.js'
import { searchNames } from '../load/requests.js'
import { atomName, decodeTerm, field, recordName, type Term } from '../load/term.js'
import { within } from '../load/within.js'
import { startNynja, testCode, testNumbers } from '../peers/nynja.js'
import { tempFolder } from '../peers/temp-folder.js'
import { atMost, type Row } from '../report.js'
import { seeded } from '../seed.js'
import { opened } from './opened.js'
import type { Scenario, ScenarioContext } from './scenario.js'

const rosters = 100_000
const warmUps = 200
const answerMs = 10_000

/** What is typed, how many must be found, and how long the slowest of a hundred may take. */
interface Query {
  readonly name: string
  readonly text: (crowd: Crowd, random: () => number) => string
  readonly finds: (count: number) => boolean
  readonly p99Ms: number
}

const pick = (names: readonly string[], random: () => number): string => names[Math.floor(random() * names.length)] ?? ''

const queries: readonly Query[] = [
  { name: 'whole name', text: ({ names }, random) => pick(names.slice(5_000), random), finds: (count) => count >= 1, p99Ms: 10 },
  {
    name: 'part of a surname',
    text: ({ names }, random) => pick(names.slice(5_000), random).slice(-5),
    finds: (count) => count >= 1,
    p99Ms: 10,
  },
  { name: 'name of 20,000', text: () => commonName.slice(0, 3), finds: (count) => count === 50, p99Ms: 10 },
  { name: 'name of nobody', text: (_, random) => `${commonName} x${String(random())}`, finds: (count) => count === 0, p99Ms: 10 },
  { name: '2,500 who ban', text: () => unfriendlyName, finds: (count) => count === 0, p99Ms: 100 },
]

export const search: Scenario = {
  name: 'search',
  about: 'Search for names that contain a text, among 100,000 rosters, one after the other',
  run: (context) =>
    opened(async (onEnd) => {
      if (!context.hasNynja) return []
      const dataFolder = tempFolder('nynja')
      onEnd(async () => dataFolder.remove())
      const registrar = await startNynja({ dataFolder })
      onEnd(registrar.stop)
      const account = await register(registrar.port, `${testNumbers}00000001`, testCode)
      await registrar.stop()
      const crowd = await storeCrowd(`${dataFolder.path}/store`, rosters, askerOf(account))
      context.log(`  index made in ${(crowd.indexMs / 1_000).toFixed(1)} s, ${Math.round(crowd.indexBytes / rosters)} bytes a roster`)
      const nynja = await startNynja({ dataFolder })
      onEnd(nynja.stop)
      const device = await logIn(nynja.port, account)
      const rows: Row[] = []
      for (const query of queries) rows.push(...(await measure(device, query, crowd, context)))
      return rows
    }),
}

function askerOf({ phone, phoneId }: Account) {
  const asker = parsePhone(phone) && parsePhoneId(phoneId)
  if (asker === undefined) throw new Error(`${phoneId} is no phone_id`)
  return asker
}

async function measure(device: Device, query: Query, crowd: Crowd, { seconds, log }: ScenarioContext): Promise<readonly Row[]> {
  const random = seeded(1)
  for (let i = 0; i < warmUps; i++) await ask(device, query, query.text(crowd, random))
  const latencies = new Latencies()
  for (const end = performance.now() + (seconds * 1_000) / queries.length; performance.now() < end;) {
    latencies.record(await ask(device, query, query.text(crowd, random)))
  }
  const [p50 = NaN, p99 = NaN] = latencies.percentiles(0.5, 0.99)
  log(`  ${query.name.padEnd(18)} ${latencies.count} searches, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`)
  return [
    { scenario: 'search', measure: `${query.name}, p50`, unit: 'ms', value: p50 },
    { scenario: 'search', measure: `${query.name}, p99`, unit: 'ms', value: p99, bound: atMost(query.p99Ms) },
  ]
}

/** Milliseconds from the request to its answer. */
async function ask({ account, connection }: Device, { name, finds }: Query, text: string): Promise<number> {
  const begun = performance.now()
  const answered = new Promise<Buffer>((resolve) => {
    connection.onPublish = (bytes, _topicAt, _topicEnd, payloadAt, end) => {
      resolve(Buffer.from(bytes.subarray(payloadAt, end)))
    }
  })
  connection.publish(publishTemplate(requestTopic, searchNames(account.rosterId, text)))
  const payload = await within(answerMs, `search for ${text}`, answered)
  const ms = performance.now() - begun
  if (!finds(countFound(decodeTerm(payload)))) throw new Error(`${name}: a search for ${text} found what it should not`)
  return ms
}

/** Entries of the userlist. @throws if the answer is a refusal */
function countFound(term: Term): number {
  const [code, roster] = [field(term, 1), field(term, 2)]
  if (recordName(term) !== 'io' || recordName(code) !== 'ok' || atomName(field(roster, 13)) !== 'contact') {
    throw new Error(`not the answer to a search: ${JSON.stringify(term)}`)
  }
  const userlist = field(roster, 6)
  if (!Array.isArray(userlist)) throw new Error('a userlist is a list')
  return userlist.length
}
