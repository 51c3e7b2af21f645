import { availableParallelism } from 'node:os'
import { smtpSecurities } from '../providers/index.js'
import {
  baseUrl,
  choice,
  host,
  integer,
  limit,
  lines,
  mailbox,
  path,
  phonePrefixes,
  port,
  secretPattern,
  secretText,
  serverPart,
  serviceSecrets,
  text,
  storeAddress,
  word,
  yesOrNo,
} from './options-kinds.js'
import { type Option, option, optional } from './option.js'
import { messages } from './options-messages.js'
import { cloud, push } from './options-push.js'

const waitMs = { unit: 'ms' }

function listeners(folder: string) {
  return {
    host: option(host, { default: '0.0.0.0', about: 'Address that all listeners bind to but that of adminPort.' }),
    serverName: option(serverPart, {
      default: 'localhost',
      about:
        'What EntityIDs of this server end in (Protocol Core): a host with or without a port. Another name renames all of them at once.',
    }),
    mqttPort: option(port, { default: 1883, about: 'TCP port for MQTT clients.' }),
    wsPort: option(port, {
      default: 8083,
      about: 'Port for MQTT over WebSocket, path /mqtt, for Protocol Core, path /core, and for file transfers, path /ws.',
    }),
    tlsPort: option(port, {
      default: 8883,
      shownDefault: '8883 with a key and a certificate, else off',
      about: 'Port for MQTT over TLS.',
    }),
    tlsKey: optional(path(folder), 'PEM file with the private key for TLS; goes with the certificate.'),
    tlsCert: optional(path(folder), 'PEM file with the certificate chain for TLS; goes with the key.'),
    httpPort: option(port, {
      default: 8080,
      about: 'Port for everybody: downloads of files (/files/), /asyncapi.json and /schemas/, /healthz and /readyz (without reasons).',
    }),
    adminPort: option(port, {
      default: 8081,
      about: 'Port for whoever runs the server: /metrics, and /healthz and /readyz, which answer here whatever comes to httpPort.',
    }),
    adminHost: option(host, {
      default: '127.0.0.1',
      about:
        'Address that adminPort binds to. It asks nobody who he is: name an address that only those reach who run the server or scrape its metrics.',
    }),
    trustProxy: option(yesOrNo, {
      default: false,
      about:
        'Take the address of a WebSocket client from X-Forwarded-For (its last entry). Only behind a proxy that sets it: rates are limited per address.',
    }),
    proxyProtocol: option(yesOrNo, {
      default: false,
      about:
        'Connections to the MQTT, TLS and WebSocket ports begin with a PROXY header (version 1 or 2), as a TCP balancer sends it, and come from the address it names. Those without are closed. Only where nobody but the balancer reaches these ports.',
    }),
  }
}

const connections = {
  maxConnections: option(integer(1, 1_000_000), {
    default: 100_000,
    about: 'MQTT connections open at a time; further ones are closed at once.',
  }),
  unprovenPercent: option(integer(1, 100), {
    unit: '% of maxConnections, or of what the limit of open files has room for',
    default: 25,
    about:
      'Places, 16 at least, for connections that have not sent CONNECT, and as many for those that have shown neither token nor secret (registrations). Where they are all taken, an address with fewer gets one of the address with most. Devices with a token and services may take every place.',
  }),
  unprovenPerAddress: option(limit(1, 1_000_000), {
    unit: 'per address',
    default: 10_000,
    about:
      'Connections of one address (of IPv6 one /64) that have not sent CONNECT, and as many that have shown neither token nor secret; further ones are closed. High, as a mobile network shows many phones as one.',
  }),
  connectDeadlineMs: option(integer(1_000, 600_000), {
    ...waitMs,
    default: 30_000,
    about:
      'From the beginning of a connection to its CONNECT, TLS handshake and all; on /ws to the first frame with a right token. What takes longer is closed.',
  }),
  unprovenLifeMs: option(limit(1_000, 86_400_000), {
    ...waitMs,
    default: 900_000,
    about:
      'How long a connection may stay that has shown neither token nor secret; then it is closed, and may come again. off where grants let such connections stay for long.',
  }),
}

function storage(folder: string) {
  return {
    store: option(storeAddress, {
      default: 'lmdb',
      about:
        'Where everything is kept: lmdb is embedded in the process and lives in the data folder; redis://… makes the process a member of a cluster on that Redis.',
    }),
    redisPrefix: option(text, {
      default: 'nynja:',
      about: 'What the keys and channels of the cluster begin with, so that several can share a Redis.',
    }),
    leaseMs: option(integer(1_000, 600_000), {
      ...waitMs,
      default: 10_000,
      about:
        'A process of the cluster that has shown no sign of life for so long is dead: another one announces its devices as gone, unless they have connected elsewhere, and does what it has left to do.',
    }),
    dataDir: option(path(folder), {
      default: path(folder).schema.parse('data'),
      shownDefault: './data',
      about: 'Folder of the store; made if it is not there.',
    }),
    nodes: option(integer(1, 256), {
      default: availableParallelism(),
      shownDefault: 'the number of cores',
      about: 'Worker threads that execute requests: the N of vnode_max and of topic events/1/<node>/….',
    }),
    requestDeadlineMs: option(integer(100, 600_000), {
      ...waitMs,
      default: 10_000,
      about: 'A request that is not executed within this time is refused (unavailable); nothing of it is kept. A CONNECT is closed then.',
    }),
    drainTimeoutMs: option(integer(0, 600_000), {
      ...waitMs,
      default: 10_000,
      about: 'How long SIGTERM waits for what is in flight before the server closes all the same.',
    }),
    drainRate: option(integer(1, 1_000_000), {
      unit: 'connections per second',
      default: 1_000,
      about:
        'In a cluster SIGTERM closes connections no faster than this, so that the other nodes can take them; but all within the drain timeout.',
    }),
    presenceGraceMs: option(integer(0, 600_000), {
      ...waitMs,
      default: 5_000,
      about:
        'A device whose connection is lost, without DISCONNECT, is shown as offline if it is not back within this time. One that comes and goes all the time waits up to 64 times as long, DISCONNECT or not. 0: nothing waits.',
    }),
    logLevel: option(choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), {
      default: 'info',
      about: 'The least severe lines that are logged.',
    }),
  }
}

const access = {
  services: option(serviceSecrets, {
    default: [],
    shownDefault: 'none',
    about: 'Backend services: each connects as sys_<name> with its secret as password. In the file an object of names and secrets.',
  }),
  grants: option(lines, {
    default: [],
    shownDefault: 'none',
    about: 'Further topic spaces: <who> <publish|subscribe|both> <filter>, as in service:news publish telemetry/#. In the file an array.',
  }),
  testNumbers: option(phonePrefixes, {
    default: [],
    shownDefault: 'none',
    about: 'Phone numbers that begin so get the test code and no SMS. In the file an array.',
  }),
  testCode: option(secretPattern(/^\d{6}$/, 'six digits'), { default: '', shownDefault: 'none', about: 'The code of the test numbers.' }),
}

function email(folder: string) {
  return {
    email: option(choice(['console', 'smtp']), {
      default: 'console',
      about: 'How codes are sent by e-mail: console prints them on the log, for development only; smtp hands them to a mail server.',
    }),
    smtpHost: optional(host, 'The mail server.'),
    smtpPort: option(integer(1, 65_535), {
      default: 587,
      shownDefault: '587, 465 with tls, 25 with none',
      about: 'Port of the mail server.',
    }),
    smtpSecurity: option(choice(smtpSecurities), {
      default: 'starttls',
      about:
        'starttls begins in the clear and goes on only if the server changes to TLS; tls is TLS from the start; none is for a server on this machine or behind a network of trust.',
    }),
    smtpUser: option(secretText, { default: '', shownDefault: 'none', about: 'User name at the mail server; goes with the password.' }),
    smtpPassword: option(secretText, {
      default: '',
      shownDefault: 'none',
      about: 'Password at the mail server; never sent without TLS over a network.',
    }),
    smtpFrom: option(mailbox, { default: '', shownDefault: 'none', about: 'Sender of the e-mail: an address, or Name <address>.' }),
    smtpCa: optional(path(folder), 'PEM file with the certificates that vouch for the mail server, in place of the well-known ones.'),
    smtpTimeoutMs: option(integer(100, 60_000), { ...waitMs, default: 10_000, about: 'How long one attempt at the mail server may take.' }),
    smtpRetries: option(integer(0, 10), {
      default: 3,
      about: 'Attempts after the first: on timeouts, broken connections and 4xx replies.',
    }),
  }
}

const limits = {
  maxPayloadBytes: option(integer(1_024, 16_777_216), {
    unit: 'bytes',
    default: 65_536,
    about: 'Largest payload of a PUBLISH; a larger one is acknowledged and dropped.',
  }),
  maxPacketBytes: option(integer(2_048, 67_108_864), {
    unit: 'bytes',
    default: 1_048_576,
    about: 'Largest MQTT packet; a larger one closes the connection.',
  }),
  inflightWindow: option(integer(1, 1_000), {
    default: 32,
    about: 'Deliveries a device may have unacknowledged; the rest wait in its inbox.',
  }),
  inboxEntries: option(integer(10, 1_000_000), {
    unit: 'entries',
    default: 1_000,
    about:
      'Deliveries kept for a device that is away; beyond it receipts and other news, then messages are dropped, the oldest first, and counted.',
  }),
  devicesPerPhone: option(integer(1, 100), { default: 10, about: 'Devices of one phone; a further one logs out the one longest unused.' }),
  groupMembers: option(integer(2, 10_000), { default: 500, about: 'Members of a group; further ones are refused.' }),
  channelMembers: option(integer(2, 100_000), { default: 10_000, about: 'Members of a channel; further ones are refused.' }),
  historyPage: option(integer(1, 10_000), { unit: 'entries', default: 1_000, about: 'Messages that one History request returns at most.' }),
  strangersLearn: option(choice(['name', 'all']), {
    default: 'name',
    about:
      'What a search or a request shows of somebody to those he has not befriended: the first name, or also surname, nick and picture (all). Somebody found by nick is shown with it.',
  }),
  peopleAccountDay: option(limit(1, 1_000_000_000), {
    unit: 'people per account',
    default: 3_000,
    about:
      'People whom an account may search for, add or ask to be friends without knowing them: so many at once, which come back evenly within a day. An address book of 1,000 counts as 1,000.',
  }),
  peopleAddressDay: option(limit(1, 1_000_000_000), {
    unit: 'people per address',
    default: 30_000,
    about: 'The same for all accounts behind one address (of IPv6 one /64).',
  }),
  roomAdding: option(choice(['friends', 'ask']), {
    default: 'friends',
    about:
      'What becomes of people whom a friend adds to a room: they are in it at once (friends), or are asked and join by themselves (ask). Who says otherwise in the settings of his Profile has it his way.',
  }),
  roomsFriendDay: option(limit(1, 1_000_000), {
    unit: 'rooms per account and friend',
    default: 20,
    about: 'Rooms into which an account may put one friend (Room/create and add): so many at once, which come back evenly within a day.',
  }),
}

const fileOptions = {
  filesUrl: option(baseUrl, {
    default: '',
    shownDefault: 'host and httpPort',
    about: 'What devices reach the HTTP port by, as in https://files.example.com: the URL of a file is this, /files/ and its key.',
  }),
  filesMaxMib: option(integer(1, 4_096), { unit: 'MiB', default: 100, about: 'Largest file a device may send; a larger one is refused.' }),
  filesQuotaMib: option(limit(1, 1_000_000_000), {
    unit: 'MiB per phone',
    default: 10_240,
    about: 'All files of one phone, those under way included; further ones are refused.',
  }),
  filesAddressMib: option(limit(1, 1_000_000_000), {
    unit: 'MiB per address and day',
    default: 102_400,
    about: 'Files begun from one address (of IPv6 one /64) on one day; further ones are refused until midnight UTC.',
  }),
  filesUnfinished: option(integer(1, 10_000), {
    unit: 'per phone',
    default: 32,
    about: 'Files under way at a time; further ones are refused. What is not complete after 24 hours is removed.',
  }),
  filesDays: option(limit(1, 36_500), { unit: 'days', default: 'off', about: 'Files older than this are removed.' }),
  filesStorage: option(choice(['disk', 's3']), {
    default: 'disk',
    about: 'Where complete files rest: disk is the data folder; s3 is object storage, to which they move from there.',
  }),
  filesS3Endpoint: option(baseUrl, { default: '', shownDefault: "Amazon's", about: 'URL of a service that speaks S3, named by path.' }),
  filesS3Region: option(word, { default: 'us-east-1', about: 'Region of the bucket.' }),
  filesS3Bucket: option(word, { default: '', shownDefault: 'none', about: 'The bucket; it must be there.' }),
  filesS3Prefix: option(word, { default: '', shownDefault: 'none', about: 'What the names of the objects begin with, as in files/.' }),
  filesS3AccessKey: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'Access key id; without one the AWS library looks for credentials as it always does (its environment, the role of the machine).',
  }),
  filesS3SecretKey: option(secretText, { default: '', shownDefault: 'none', about: 'Secret access key; goes with the access key id.' }),
}

const rates = {
  connectsPerSecond: option(limit(1, 1_000_000), {
    unit: 'per address and second',
    default: 1_000,
    about:
      'New connections from one address in the long run; further ones are closed at once. High, as a mobile network shows many phones as one.',
  }),
  connectsBurst: option(integer(1, 1_000_000), {
    unit: 'per address',
    default: 20_000,
    about: 'New connections from one address that may come at once before connectsPerSecond counts.',
  }),
  registrationsPerHour: option(limit(1, 1_000_000), {
    unit: 'per address and hour',
    default: 20_000,
    about:
      'Codes asked for from one address (of IPv6 one /48), whatever they are for: so many at once, which come back evenly within an hour; further ones are refused, with when to ask again. Lower it where each SMS costs money. Test numbers do not count here and below.',
  }),
  codesAddressDay: option(limit(1, 1_000_000_000), {
    unit: 'per address and day',
    default: 100_000,
    about: 'The same within a day.',
  }),
  codesNumberHour: option(limit(1, 1_000_000), {
    unit: 'per number and hour',
    default: 12,
    about: 'Codes sent to one number or e-mail address, whoever asks, repetitions and calls included.',
  }),
  codesNumberDay: option(limit(1, 1_000_000), {
    unit: 'per number and day',
    default: 24,
    about: 'The same within a day. One address may ask for no more than a third of them, or 4.',
  }),
  codesTotalDay: option(limit(1, 1_000_000_000), {
    unit: 'per day',
    default: 500_000,
    about:
      'Codes that the server sends, to whomever: the most that a day may cost. A quarter is kept for those who ask from where their number was verified before.',
  }),
  wrongCodesAddressDay: option(limit(1, 1_000_000_000), {
    unit: 'per address and day',
    default: 1_000,
    about:
      'Wrong codes given from one address, whatever they are for; then it may try no more, nor ask for codes, until some have come back.',
  }),
  publishesPerSecond: option(limit(1, 10_000_000), {
    unit: 'per device and second',
    default: 100_000,
    about: 'Packets published by one device; beyond it the device is read more slowly.',
  }),
}

/** All options of the server, in the order of the reference page. Relative paths start at `folder`. */
export function optionSections(folder: string) {
  return [
    { title: 'Listeners', options: { ...listeners(folder), ...connections } },
    { title: 'Store and server', options: storage(folder) },
    { title: 'Access', options: access },
    { title: 'SMS and voice', options: messages },
    { title: 'E-mail', options: email(folder) },
    { title: 'Push notifications', options: push(folder) },
    { title: 'Cloud credentials', options: cloud },
    { title: 'Limits', options: limits },
    { title: 'Files', options: fileOptions },
    { title: 'Rates', options: rates },
  ] as const
}

type Sections = ReturnType<typeof optionSections>
type Table = UnionToIntersection<Sections[number]['options']>
type UnionToIntersection<U> = (U extends unknown ? (item: U) => void : never) extends (item: infer I) => void ? I : never

/** The options of a server, checked and frozen. Each is described in docs/reference/options.md. */
export type Options = { readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never }
export type OptionName = keyof Options

/** An option with its names. */
export interface NamedOption extends Option<unknown> {
  /** In the file and in the code. */
  readonly name: OptionName
  readonly variable: string
  readonly flag: string
}

export interface OptionSection {
  readonly title: string
  readonly options: readonly NamedOption[]
}

/** The table with the names that follow from it. */
export function namedSections(folder: string): readonly OptionSection[] {
  return optionSections(folder).map(({ title, options }) => ({
    title,
    options: Object.entries(options).map(([name, one]) => withNames(name as OptionName, one as Option<unknown>)),
  }))
}

function withNames(name: OptionName, one: Option<unknown>): NamedOption {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter}`)
  return { ...one, name, variable: `NYNJA_${words.toUpperCase()}`, flag: `--${words.replaceAll('_', '-').toLowerCase()}` }
}
