import type { TopicKind } from './topic.js'

/** What the reference page says about one kind of topic. */
export interface TopicReference {
  readonly kind: TopicKind
  /** Its levels, as Markdown. */
  readonly form: string
  readonly publishers: string
  readonly receivers: string
  /** Names of this kind, in their canonical spelling. */
  readonly examples: readonly string[]
}

/** One row per kind of topic, in the order of docs/protocol/topics.md 1. */
export const topicReference: readonly TopicReference[] = [
  {
    kind: 'events',
    form: '`events/1/:node/:module/:user/:client_id/:token`',
    publishers: 'any connected client; client and empty node are filled in by the server',
    receivers: 'the server only',
    examples: ['events/1//api/anon//', 'events/1/2/api/anon/reg_A1/'],
  },
  {
    kind: 'actions',
    form: '`actions/1/:user/:client_id`',
    publishers: 'the server, services',
    receivers: 'the one client',
    examples: ['actions/1/api/emqttd_A1', 'actions/1/api/reg_A1'],
  },
  {
    kind: 'ses',
    form: '`ses/:phone`',
    publishers: 'devices of the phone, the server, services',
    receivers: 'all devices of the phone, the sender included',
    examples: ['ses/380670001234'],
  },
  {
    kind: 'ac',
    form: '`ac/:phone_id`',
    publishers: 'devices owning the roster, the server, services',
    receivers: "all devices of the roster's friends, not its own",
    examples: ['ac/380670001234_12525'],
  },
  {
    kind: 'muc',
    form: '`muc/:phone_id`',
    publishers: 'the server, services',
    receivers: 'all devices of everyone who shares a room with the roster, not its own',
    examples: ['muc/380670001234_12525'],
  },
  {
    kind: 'p2p',
    form: '`p2p/:phone_id/:phone_id`, sorted bytewise',
    publishers: 'devices owning one of the two rosters while they are friends and neither bans the other, the server, services',
    receivers: 'all devices of both, the sender included',
    examples: ['p2p/380670001234_12525/380670002234_12334', 'p2p/380670001234_1/79333333333_1'],
  },
  {
    kind: 'room',
    form: '`room/:room_id`',
    publishers: 'group: devices of members who are not muted; channel: of owner and admins; the server, services',
    receivers: 'all devices of all members, the sender included',
    examples: ['room/lobby'],
  },
  {
    kind: 'version',
    form: '`version/:n`',
    publishers: 'nobody; it is the will topic of CONNECT',
    receivers: 'nobody',
    examples: ['version/1', 'version/11'],
  },
  {
    kind: 'other',
    form: 'anything else',
    publishers: 'nobody, unless a grant says so',
    receivers: 'nobody, unless a grant says so',
    examples: ['telemetry/1', 'ses/+1', '$SYS/uptime'],
  },
]

/** The text of docs/reference/topics.md. */
export function renderTopicsReference(): string {
  const rows = topicReference.map(({ kind, form, publishers, receivers, examples }) => {
    const shown = examples.map((example) => `\`${example}\``).join(', ')
    return `| ${kind} | ${form} | ${publishers} | ${receivers} | ${shown} |`
  })
  return [
    '# Topics',
    '',
    'Generated from `topics/topic-reference.ts`; the contract, with the reasons, is `docs/protocol/topics.md`.',
    '',
    '| kind | form | who may publish | who receives | examples |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'A publish without the right is acknowledged and does nothing. A SUBSCRIBE to anything but a topic the client belongs to is answered',
    '0x80. Topics of kind other are opened by grants, one per line or separated by `;`:',
    '',
    '```',
    '<device | registration | anonymous | service | service:<name> | any> <publish | subscribe | both> <filter>',
    'device both telemetry/%c/#',
    'service:news publish news/#',
    '```',
    '',
    'In a filter `%c` stands for the client id, `%p` for the phone, `%u` for the user name of the client. No grant opens the other kinds,',
    '`$…`, or a filter that begins with a wildcard.',
    '',
  ].join('\n')
}
