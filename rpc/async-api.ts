import {
  type Dialect,
  type JsonSchema,
  recordSchema,
  recordsIn,
  type RecordTag,
  reasons,
  requestAtoms,
  type SchemaForm,
  titleOf,
  tupleOf,
} from '../protocol/index.js'
import { type TopicKind, topicReference } from '../topics/index.js'
import { requestOf, routes } from './dispatcher.js'
import { allRequests, protocolRequests, type RequestFamily, requestName } from './protocol-requests.js'
import { refusals } from './refusals.js'
import { requestExamples } from './request-examples.js'

/** A listener that clients can connect to. */
export interface ServerPort {
  readonly name: 'mqtt' | 'ws' | 'tls'
  readonly port: number
}

type Json = Readonly<Record<string, unknown>>

const dialects: readonly Dialect[] = ['v1', 'v11']
const requestTopic = 'events/1//api/anon//'

/**
 * Draft 7, which AsyncAPI's own schemas are a superset of. Records within records are told by their tag and by where their schema is: tools for
 * AsyncAPI put every reference in its place, and the records, which hold each other, would make millions of places.
 */
const form: SchemaForm = {
  within: (record) =>
    record === undefined
      ? { title: 'Term', 'x-schema': '/schemas/term.json' }
      : {
          title: titleOf(record.name, record.dialect),
          type: 'object',
          properties: { tag: { const: record.name } },
          required: ['tag'],
          'x-schema': `/schemas/${record.dialect}/${record.name}.json`,
        },
  draft: '7',
}

function schemaName(record: string, dialect: Dialect): string {
  return `${dialect}.${record}`
}

/** What the server sends on the topics of a kind, by what rpc.md says; on those that devices may publish to they may send anything else. */
const pushed: Readonly<Partial<Record<TopicKind, readonly RecordTag[]>>> = {
  actions: [
    ...(['vnode_max', 'io', 'errors', 'Ack', 'Auth', 'Person', 'Profile', 'Presence', 'Roster', 'Message', 'History'] as const),
    ...(['Room', 'ftpack', 'Link', 'Job'] as const),
  ],
  ses: ['Contact', 'Room', 'Roster', 'Profile', 'Message', 'Tag', 'Star', 'CDR'],
  ac: ['Contact', 'Loc'],
  muc: ['Contact'],
  p2p: ['Message', 'Typing', 'History'],
  room: ['Message', 'Typing', 'History', 'Room', 'Member', 'CDR'],
}

/** Addresses with their parameters, as AsyncAPI writes them. */
const addresses: Readonly<Partial<Record<TopicKind, string>>> = {
  actions: 'actions/1/api/{client_id}',
  ses: 'ses/{phone}',
  ac: 'ac/{phone_id}',
  muc: 'muc/{phone_id}',
  p2p: 'p2p/{smaller_phone_id}/{greater_phone_id}',
  room: 'room/{room_id}',
}

const parameters: Readonly<Record<string, string>> = {
  client_id: 'Client id of the device that asked.',
  phone: 'Phone number, 5 to 15 digits.',
  phone_id: 'A roster: `<phone>_<roster id>`.',
  smaller_phone_id: 'The bytewise smaller of the two rosters.',
  greater_phone_id: 'The greater of the two rosters.',
  room_id: 'Id of the room.',
}

/**
 * The AsyncAPI 3 document of the server: every request it serves, with the layouts of its tuple, the atoms that ask for it and the codes it can be
 * refused with, and what the server sends on which topics. Payloads are described as JSON; MessagePack carries the same maps, BERT the tuples of
 * `x-tuple`.
 */
export function asyncApiDocument(version: string, ports: readonly ServerPort[]): Json {
  return {
    asyncapi: '3.0.0',
    info: { title: 'nynja-broker', version, description: about, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(ports.map(serverOf)),
    channels: { ...channelsOfRequests(), ...channelsOfPushes() },
    operations: { ...operationsOfRequests(), ...operationsOfPushes() },
    components: { schemas: schemas(), messages: messages() },
    'x-codes': Object.fromEntries(Object.entries(reasons).map(([code, { meaning }]) => [code, meaning])),
  }
}

const about = [
  'An MQTT 3.1.1 server that is a messenger. Requests are published on one topic; answers come on the `actions` topic of the client, everything',
  'else on the topic it concerns, to which devices belong without subscribing. The codec is told by the first bytes of a payload: BERT,',
  'MessagePack or JSON. The dialect, v1 or v11, is told by the will topic of CONNECT: `version/1` or none, `version/2` to `version/11`.',
].join(' ')

function serverOf({ name, port }: ServerPort): readonly [name: string, server: Json] {
  const host = { default: 'localhost', description: 'Where the server runs.' }
  const protocol = name === 'tls' ? 'secure-mqtt' : name
  return [name, { host: `{host}:${String(port)}`, protocol, protocolVersion: '3.1.1', variables: { host } }]
}

const servedRoutes: ReadonlySet<string> = new Set(routes.map(({ tag, request }) => requestName(tag, request)))

/** `Friend.ban`, `Loc` */
function idOf(record: string, request: string): string {
  return request === '' ? record : `${record}.${request}`
}

/** Families of which anything is served, with the requests that are. */
const served: readonly RequestFamily[] = protocolRequests
  .map((family) => ({
    ...family,
    requests: allRequests(family).filter((request) => servedRoutes.has(requestName(family.record, request))),
  }))
  .filter(({ requests }) => requests.length > 0)

/** One channel per record on the one topic of requests, so that an operation names what it is about and no more. */
function channelsOfRequests(): Json {
  return Object.fromEntries(
    served.map(({ record, requests }) => {
      const ids = requests.map((request) => idOf(record, request))
      const named = Object.fromEntries(ids.map((id) => [id, messageRef(`request.${id}`)]))
      return [`requests.${record}`, { address: requestTopic, title: `Requests: ${record}`, messages: named }]
    }),
  )
}

function messageRef(name: string): Json {
  return { $ref: `#/components/messages/${name}` }
}

function operationsOfRequests(): Json {
  return Object.fromEntries(
    served.map(({ section, record, requests }) => {
      const channel = `#/channels/requests.${record}`
      return [
        record,
        {
          action: 'receive',
          title: record,
          summary: `docs/protocol/rpc.md, section ${String(section)}`,
          channel: { $ref: channel },
          messages: requests.map((request) => ({ $ref: `${channel}/messages/${idOf(record, request)}` })),
          reply: { channel: { $ref: '#/channels/actions' } },
        },
      ]
    }),
  )
}

function channelsOfPushes(): Json {
  const channels = topicReference.flatMap(({ kind, form: levels, publishers, receivers }) => {
    const address = addresses[kind]
    if (address === undefined) return []
    const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
    const channel = {
      address,
      title: levels.replaceAll('`', ''),
      description: `May publish: ${publishers}. Receives: ${receivers}.`,
      parameters: Object.fromEntries(names.map((name) => [name, { description: parameters[name] ?? name }])),
      messages: Object.fromEntries((pushed[kind] ?? []).map((tag) => [tag, messageRef(tag)])),
    }
    return [[kind, channel] as const]
  })
  return Object.fromEntries(channels)
}

function operationsOfPushes(): Json {
  const kinds = Object.keys(addresses)
  return Object.fromEntries(
    kinds.map((kind) => [`send.${kind}`, { action: 'send', title: `What comes on ${kind}`, channel: { $ref: `#/channels/${kind}` } }]),
  )
}

/** A message per record that is sent, and one per request. */
function messages(): Json {
  const tags = new Set(Object.values(pushed).flat())
  const ofRecords = [...tags].map((tag) => [tag, { name: tag, payload: recordIn(tag), 'x-tuple': tuples(tag) }])
  const ofRequests = served.flatMap(({ record, requests }) =>
    requests.map((request) => [
      `request.${idOf(record, request)}`,
      {
        name: requestName(record, request),
        payload: requestPayload(record, request),
        examples: examplesOf(record, request),
        'x-tuple': tuples(record),
        'x-refused-with': refusals[requestName(record, request)] ?? [],
      },
    ]),
  )
  return Object.fromEntries([...ofRecords, ...ofRequests]) as Json
}

function tuples(tag: RecordTag): Json {
  const layouts = dialects.flatMap((dialect) => {
    const fields = tupleOf(tag, dialect)
    return fields === undefined ? [] : [[dialect, [tag, ...fields]]]
  })
  return Object.fromEntries(layouts) as Json
}

/** The record in either dialect. */
function recordIn(tag: RecordTag): JsonSchema {
  return {
    title: inCapitals(tag),
    anyOf: dialects.filter((dialect) => tupleOf(tag, dialect) !== undefined).map((dialect) => refTo(tag, dialect)),
  }
}

function refTo(tag: RecordTag, dialect: Dialect): JsonSchema {
  return { $ref: `#/components/schemas/${schemaName(tag, dialect)}` }
}

/** The record with an atom that asks for this request, and what it cannot do without; in the dialects that have one. */
function requestPayload(tag: RecordTag, request: string): JsonSchema {
  const alternatives = dialects.flatMap((dialect): JsonSchema[] => {
    const atoms = requestAtoms(tag, dialect, requestOf).get(request)
    return atoms === undefined ? [] : [requestSchema(tag, request, dialect, atoms)]
  })
  return { title: titled(tag, request), anyOf: alternatives }
}

/** `FriendBan`, `LocRequest` */
function titled(tag: RecordTag, request: string): string {
  return inCapitals(`${tag}_${request === '' ? 'request' : request}`)
}

function inCapitals(name: string): string {
  return name.replace(/(?:^|_)(.)/g, (_match, first: string) => first.toUpperCase())
}

function requestSchema(tag: RecordTag, request: string, dialect: Dialect, atoms: readonly string[]): JsonSchema {
  const field = tag === 'Auth' ? 'type' : 'status'
  const needed = requestExamples[requestName(tag, request)]?.[dialect]?.required ?? []
  const hasAtom = !atoms.includes('') && tupleOf(tag, dialect)?.includes(field) === true
  const isOptional = atoms.includes('[]')
  const required = [...(hasAtom && !isOptional ? [field] : []), ...needed]
  const values = atoms.map((atom) => (atom === '[]' ? null : atom))
  const asked = {
    ...(hasAtom ? { properties: { [field]: { enum: values } } } : {}),
    ...(required.length === 0 ? {} : { required }),
  }
  return {
    title: titleOf(titled(tag, request), dialect),
    allOf: [refTo(tag, dialect), ...(Object.keys(asked).length === 0 ? [] : [asked])],
  }
}

/** One in each dialect that has the request. */
function examplesOf(tag: RecordTag, request: string): readonly Json[] {
  const known = requestExamples[requestName(tag, request)] ?? {}
  return dialects.flatMap((dialect) => {
    const example = known[dialect]
    return example === undefined ? [] : [{ name: dialect, payload: JSON.parse(example.payload) as unknown }]
  })
}

function schemas(): Json {
  const all = dialects.flatMap((dialect) =>
    recordsIn(dialect).map((tag) => [schemaName(tag, dialect), recordSchema(tag, dialect, form)] as const),
  )
  return Object.fromEntries(all)
}
