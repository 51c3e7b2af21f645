import { parsePattern, type Pattern } from './erlang-term.js'

/** One line of a flow. */
export type Line = {
  readonly text: string
  /** Concerns only devices of this dialect. */
  readonly dialect: 'v1' | 'v11' | undefined
  /** The layout its tuple is written in. */
  readonly layout: 'v1' | 'v11'
} & (
  | { readonly kind: 'define'; readonly name: string; readonly pattern: Pattern }
  | { readonly kind: 'publish'; readonly device: string; readonly topic: string; readonly pattern: Pattern }
  | { readonly kind: 'publish-bytes'; readonly device: string; readonly topic: string; readonly bytes: Buffer }
  | { readonly kind: 'expect'; readonly devices: readonly string[]; readonly topic: string; readonly pattern: Pattern }
  | { readonly kind: 'expect-bytes'; readonly devices: readonly string[]; readonly topic: string; readonly bytes: Buffer }
  | { readonly kind: 'expect-queue'; readonly device: string }
  | { readonly kind: 'expect-closed'; readonly device: string }
  | {
      readonly kind: 'connect'
      readonly device: string
      readonly clientId: string
      readonly password: string | undefined
      readonly will: { readonly topic: string; readonly payload: Buffer } | undefined
      readonly connack: string
    }
  | { readonly kind: 'disconnect' | 'cut'; readonly device: string }
)

const device = '[A-Z]\\d?'
const topic = 'E|P2P|act|[a-z]\\w*/\\S*'

/**
 * The forms of a line. `v1|` limits it to devices of that dialect, `v11|` too and its tuple is in the layout of v11, `v11 as v1|` limits it
 * to devices of v11 while its tuple is in the layout of v1. A number repeats that of the step in flows.md.
 */
const forms = {
  define: /^(\w+) = (.+)$/s,
  connect: new RegExp(`^(${device}) CONNECT (\\S+)(?: password (\\S+))?(?: will (\\S+)(?: 0x(\\w+))?)? => (\\d(?: present)?)$`, 's'),
  end: new RegExp(`^(${device}) (DISCONNECT|CUT)$`),
  publish: new RegExp(`^(${device}) > (${topic})\\s+(.+)$`, 's'),
  expect: new RegExp(`^> ((?:${device} )+)\\s*(${topic})\\s+(.+)$`, 's'),
  closed: new RegExp(`^> (${device}) (QUEUE|CLOSED)$`),
}

/** Reads a flow: one step a line; a line that begins with a tuple continues the one before. Lines that begin with `--` say something to the reader. */
export function parseScript(script: string): Line[] {
  const lines: string[] = []
  for (const line of script.split('\n')) {
    if (line.trim() === '' || line.trim().startsWith('--')) continue
    if (line.trim().startsWith('{') && lines.length > 0) lines.push(`${lines.pop() ?? ''} ${line.trim()}`)
    else lines.push(line.trim())
  }
  return lines.map(parseLine)
}

type Common = Pick<Line, 'text' | 'dialect' | 'layout'>

function parseLine(text: string): Line {
  const limited = /^(?:(v1)|(v11)|(v11) as v1)\|\s*(.+)$/s.exec(text)
  const dialect = (limited?.[1] ?? limited?.[2] ?? limited?.[3]) as Line['dialect']
  const rest = (limited?.[4] ?? text).replace(/^\d+\s+/, '')
  const common: Common = { text, dialect, layout: limited?.[2] === undefined ? 'v1' : 'v11' }
  const line = parseConnection(rest, common) ?? parsePayload(rest, common)
  if (line === undefined) throw new SyntaxError(`not a step: ${text}`)
  return line
}

function parseConnection(rest: string, common: Common): Line | undefined {
  const connect = forms.connect.exec(rest)
  if (connect !== null) {
    const [, who, clientId, password, will, payload, connack] = connect
    const words = will === undefined ? undefined : { topic: will, payload: Buffer.from(payload ?? '', 'hex') }
    return { ...common, kind: 'connect', device: who!, clientId: clientId!, password, will: words, connack: connack! }
  }
  const end = forms.end.exec(rest)
  if (end !== null) return { ...common, kind: end[2] === 'CUT' ? 'cut' : 'disconnect', device: end[1]! }
  const closed = forms.closed.exec(rest)
  if (closed !== null) return { ...common, kind: closed[2] === 'QUEUE' ? 'expect-queue' : 'expect-closed', device: closed[1]! }
  return undefined
}

function parsePayload(rest: string, common: Common): Line | undefined {
  const define = forms.define.exec(rest)
  if (define !== null) return { ...common, kind: 'define', name: define[1]!, pattern: parsePattern(define[2]!) }
  const publish = forms.publish.exec(rest)
  if (publish !== null) {
    const [, who, name, what] = publish
    const to = { ...common, device: who!, topic: name! }
    const bytes = bytesIn(what!)
    return bytes === undefined ? { ...to, kind: 'publish', pattern: parsePattern(what!) } : { ...to, kind: 'publish-bytes', bytes }
  }
  const expect = forms.expect.exec(rest)
  if (expect === null) return undefined
  const [, names, name, what] = expect
  const to = { ...common, devices: names!.trim().split(' '), topic: name! }
  const bytes = bytesIn(what!)
  return bytes === undefined ? { ...to, kind: 'expect', pattern: parsePattern(what!) } : { ...to, kind: 'expect-bytes', bytes }
}

/** `0x…`: a payload that is no BERT. */
function bytesIn(text: string): Buffer | undefined {
  return text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : undefined
}
