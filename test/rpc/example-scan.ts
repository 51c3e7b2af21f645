/** One example of every request, and the fields it cannot do without: found by asking for each of them, with and without each field. */
import { decode, type Dialect, encode, errorCodeOf, requestAtoms } from '../../protocol/index.js'
import { dispatch, requestOf, routes } from '../../rpc/dispatcher.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import type { RequestExample } from '../../rpc/request-examples.js'
import { type FullWorld, openFullWorld, type ValidRequest } from './valid-requests.js'

type Fields = Readonly<Record<string, unknown>>
export type Examples = ReadonlyMap<string, Partial<Record<Dialect, RequestExample>>>

/** What an example may be refused with all the same: its code is a made-up one. */
const stateful: ReadonlySet<string> = new Set(['invalid_sms_code', 'wrong_code'])

const dialects: readonly Dialect[] = ['v1', 'v11']

/** @throws if a request that is served has no example, or is refused */
export async function scanExamples(): Promise<Examples> {
  const world = await openFullWorld()
  try {
    const found = new Map<string, Partial<Record<Dialect, RequestExample>>>()
    for (const { tag, request } of routes) found.set(`${tag}/${request}`, await examplesOf(world, `${tag}/${request}`))
    return found
  } finally {
    await world.close()
  }
}

async function examplesOf(world: FullWorld, name: string): Promise<Partial<Record<Dialect, RequestExample>>> {
  const valid = world.valid.get(name)
  if (valid === undefined) throw new Error(`no example of ${name}`)
  const examples: Partial<Record<Dialect, RequestExample>> = {}
  for (const dialect of dialects) {
    if (!requestAtoms(valid.record.tag, dialect, requestOf).has(requestOf(valid.record))) continue
    const fields = given(JSON.parse(Buffer.from(encode(valid.record, { codec: 'json', dialect })).toString()) as Fields)
    const whole = await refusalOf(world, name, fields, dialect, valid)
    if (whole !== undefined && !stateful.has(whole)) throw new Error(`${name} is refused in ${dialect}: ${whole}`)
    const required: string[] = []
    for (const field of Object.keys(fields)) {
      if (field === 'tag' || field === (valid.record.tag === 'Auth' ? 'type' : 'status')) continue
      const without = Object.fromEntries(Object.entries(fields).filter(([one]) => one !== field))
      const refusal = await refusalOf(world, name, without, dialect, valid)
      if (refusal !== undefined && refusal !== whole) required.push(field)
    }
    examples[dialect] = {
      required,
      payload: JSON.stringify(fields, (_field, value: unknown) => (typeof value === 'string' ? shown(value) : value)),
    }
  }
  if (Object.keys(examples).length === 0) throw new Error(`${name} is in no dialect`)
  return examples
}

/** What is not given is left out, in records within as well; what a record must have stays. */
function given(fields: Fields): Fields {
  const kept = Object.entries(fields).flatMap(([name, value]) => {
    const plain = plainValue(value)
    return plain === null || (Array.isArray(plain) && plain.length === 0) ? [] : [[name, plain] as const]
  })
  return Object.fromEntries(kept)
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  return typeof value === 'object' && value !== null ? given(value as Fields) : value
}

/** Tokens and codes are random in the world of the tests. */
function shown(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return '5f'.repeat(32)
  return /^\d{6}$/.test(text) ? '123456' : text
}

/** Why it is refused; undefined if it is not. */
async function refusalOf(
  world: FullWorld,
  name: string,
  fields: Fields,
  dialect: Dialect,
  { caller }: ValidRequest,
): Promise<string | undefined> {
  const decoded = decode(Buffer.from(JSON.stringify(fields)), dialect)
  if (decoded.kind === 'refusal' || `${decoded.record.tag}/${requestOf(decoded.record)}` !== name) return 'no such request'
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: world.boot })
  const context = { ...world.context, random: (count: number) => new Uint8Array(count) }
  const request = { record: decoded.record, caller: { ...caller, dialect }, now: world.now, context }
  const outcome = await dispatch(request, reader, decoded.misfits)
  if (outcome.kind === 'refused') return outcome.code
  if (outcome.kind === 'dropped') return 'dropped'
  const codes = outcome.sends.map(({ to, payload }) => (to === 'caller' && payload.kind === 'record' ? errorCodeOf(payload.record) : null))
  return codes.find((code) => code !== null) ?? undefined
}

/** The source of `rpc/request-examples.ts`. */
export function renderExamples(examples: Examples): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const rows = [...examples].map(([name, byDialect]) => {
    const ofDialects = Object.entries(byDialect).map(
      ([dialect, { required, payload }]) => `${dialect}: { required: [${required.map(quoted).join(', ')}], payload: ${quoted(payload)} }`,
    )
    return `  ${quoted(name)}: { ${ofDialects.join(',\n    ')} },`
  })
  return [
    "import type { Dialect } from '../protocol/index.js'",
    '',
    '/** A request as a client may send it. */',
    'export interface RequestExample {',
    '  /** The fields without which it is refused. */',
    '  readonly required: readonly string[]',
    '  /** As JSON. */',
    '  readonly payload: string',
    '}',
    '',
    '/** An example of each request in the dialects that have it. Made by `npm run docs` from the requests of the tests; a test compares it. */',
    '// prettier-ignore',
    'export const requestExamples: Readonly<Record<string, Readonly<Partial<Record<Dialect, RequestExample>>> | undefined>> = {',
    ...rows,
    '}',
    '',
  ].join('\n')
}
