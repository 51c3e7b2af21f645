import type { FindingKind } from '../faults/ledger.js'
import type { Surroundings } from '../../bench/machine.js'
import type { Verdict } from './chat-world.js'
import type { RaceVerdict } from './races.js'
import type { RedisLoss } from './redis-loss.js'

/** What happened to a cluster at one stretch, and what was acknowledged meanwhile. */
export interface Stretch {
  readonly name: string
  readonly acknowledged: number
  readonly seconds: number
}

/** A cluster from its start to its end. */
export interface Course {
  readonly title: string
  /** Redis' appendfsync. */
  readonly appendFsync: string
  readonly stretches: readonly Stretch[]
  readonly verdict: Verdict
  readonly returns: number
  readonly mostAttempts: number
  readonly mostAtOnce: number
  /** Lines of level error in the logs of the nodes. */
  readonly errors: number
}

export interface Report {
  readonly about: Surroundings
  readonly programs: string
  readonly date: string
  readonly command: string
  readonly courses: readonly Course[]
  readonly races: RaceVerdict
  readonly losses: Readonly<Record<'always' | 'everysec', RedisLoss>>
}

/** Kinds of findings, each a row. */
const kinds: readonly (readonly [FindingKind, string])[] = [
  ['lost', 'acknowledged and not in History'],
  ['undelivered', 'not delivered to a device of the chat'],
  ['stored twice', 'twice in History'],
  ['delivered twice', 'delivered again at QoS 2'],
  ['repeated without DUP', 'delivered again at QoS 1 without DUP'],
  ['reordered', 'before one that its sender had sent earlier'],
  ['sent by nobody', 'stored or delivered, and sent by nobody'],
]

export const findingsOf = ({ findings }: Verdict, kind: FindingKind): number => findings.filter((one) => one.kind === kind).length

const figure = (value: number): string => value.toLocaleString('en-US')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The figures of a run, as Markdown. */
export function renderReport({ about, programs, date, command, courses, races, losses }: Report): string {
  return `## A run

\`${command}\` on ${date}, commit ${about.commit}. ${about.machine}; ${programs}. Load of the machine at the start: ${about.loadAverage.toFixed(2)}.

${courses.map(renderCourse).join('\n\n')}

${table(
  ['', ...courses.map(({ title }) => title)],
  [
    ['messages sent', ...courses.map(({ verdict }) => figure(verdict.sent))],
    ['acknowledged', ...courses.map(({ verdict }) => figure(verdict.acknowledged))],
    ['first deliveries', ...courses.map(({ verdict }) => figure(verdict.delivered))],
    [
      'repeated at QoS 1, with DUP',
      ...courses.map(({ verdict }) => figure(verdict.repeated - findingsOf(verdict, 'repeated without DUP'))),
    ],
    ...kinds.map(([kind, text]) => [text, ...courses.map(({ verdict }) => `**${figure(findingsOf(verdict, kind))}**`)]),
    ['sessions lost', ...courses.map(({ verdict }) => `**${figure(verdict.sessionsLost)}**`)],
    ['returns of devices that lost their connection', ...courses.map(({ returns }) => figure(returns))],
    ['attempts that the longest return took', ...courses.map(({ mostAttempts }) => figure(mostAttempts))],
    ['most returns within a tenth of a second', ...courses.map(({ mostAtOnce }) => figure(mostAtOnce))],
    ['errors in the logs of the nodes', ...courses.map(({ errors }) => figure(errors))],
  ],
)}

Races: ${figure(races.races)}; in ${figure(races.bothAccepted)} of them both connections had been accepted before either was closed. Nobody alive, two
alive, written by a fenced connection, survivor deaf: **${figure(races.findings.length)}**.

Redis alone, killed while it answers 64 writes of 2 kB at a time:

${table(
  ['appendfsync', 'kills', 'answered', 'kills after which answered writes were missing', 'answered writes missing'],
  Object.entries(losses).map(([name, loss]) => [name, ...[loss.kills, loss.answered, loss.lossy, loss.lost].map(figure)]),
)}
`
}

function renderCourse({ title, appendFsync, stretches }: Course): string {
  const rows = stretches.map(({ name, acknowledged, seconds }) => [name, figure(acknowledged), seconds.toFixed(0)])
  return `${title} (appendfsync ${appendFsync}):\n\n${table(['what happened', 'acknowledged meanwhile', 'seconds'], rows)}`
}
