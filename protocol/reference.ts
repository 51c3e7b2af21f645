import { channelReasons, reasons } from './reason-codes.js'
import { recordTable, recordTags } from './records.js'
import type { Layout, Shape } from './shape.js'

/** The page docs/reference/records.md: every record's canonical fields, and its layout in each dialect. */
export function renderRecordsReference(): string {
  const pages = [...recordTags].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), 'en')).map(renderRecord)
  return `# Records

Generated from \`protocol/table-*.ts\`; a test compares it. Handlers see the canonical form; the dialects are what devices send and get, in
this order. \`[]\` is not given (null in the canonical form, an empty list where a list may stand); quoted words are atoms. Notes on
single records: \`docs/protocol/records.json\`; how the dialects map: \`docs/protocol/rpc.md\` 1.4 and 9.

${pages.join('\n')}`
}

function renderRecord(tag: (typeof recordTags)[number]): string {
  const { canonical, v1, v11 } = recordTable[tag]
  const forms: readonly (readonly [string, Layout | null])[] = [
    ['canonical', canonical],
    ['v1', v1],
    ['v11', v11],
  ]
  return `## ${tag}\n\n${forms.map(([name, layout]) => renderLayout(name, layout)).join('\n')}\n`
}

function renderLayout(name: string, layout: Layout | null): string {
  if (layout === null) return `${name}: none\n`
  const arity = name === 'canonical' ? '' : `, arity ${String(layout.length + 1)}`
  const rows = layout.map(([field, shape]) => `| ${field} | ${renderShape(shape).replaceAll('|', '\\|')} | ${renderDefault(shape)} |`)
  return [`${name}${arity}`, '', '| field | type | default |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

function renderShape(shape: Shape): string {
  const alternatives = [
    ...(shape.nil && shape.list === null && !shape.term ? ['[]'] : []),
    ...(shape.text ? ['text'] : []),
    ...(shape.bytes ? ['bytes'] : []),
    ...(shape.ints !== null ? shape.ints.map(String) : shape.int ? ['integer'] : []),
    ...(shape.real ? ['float'] : []),
    ...(shape.atoms?.wire ?? []).map((name) => `'${name}'`),
    ...(shape.anyAtom || shape.symbol ? ['atom'] : []),
    ...(shape.term ? ['term'] : []),
    ...(shape.list === null ? [] : [`list(${renderShape(shape.list)})`]),
    ...shape.tuples.map((items) => `{${items.map(renderShape).join(', ')}}`),
    ...shape.records.filter((name) => name !== 'group'),
  ]
  return alternatives.join(' | ')
}

function renderDefault({ fallback, nil }: Shape): string {
  if (fallback === null) return nil ? '[]' : 'required'
  if (Array.isArray(fallback)) return '[]'
  return fallback instanceof Uint8Array ? '""' : JSON.stringify(fallback)
}

/** The page docs/reference/errors.md: every code a request can be refused with. */
export function renderErrorsReference(): string {
  const rows = Object.entries(reasons).map(([code, { meaning, v11 }]) => `| ${code} | ${v11 ?? code} | ${meaning} |`)
  const channelRows = Object.entries(channelReasons).map(([code, { meaning, v1 }]) => `| ${code} | ${v1} | ${meaning} |`)
  return `# Error codes

Generated from \`protocol/reason-codes.ts\`; a test compares it. A refused request is answered \`{io,{error,Code},<<>>}\` (attempts_expired: with
a number of seconds), changes nothing and notifies nobody. A code is never reused for another meaning.

| code (v1) | v11 | meaning |
| --- | --- | --- |
${rows.join('\n')}

## Links and channels

v11 devices are refused with \`{errors,[Code],Request}\`; others get the atom beside it.

| code | v1 | meaning |
| --- | --- | --- |
${channelRows.join('\n')}

## CONNACK

A CONNACK with a code is final: a client that connects again in the same way gets it again.

| code | meaning | what to do |
| --- | --- | --- |
| 1 | The version of MQTT is not spoken here. | Use MQTT 3.1.1. |
| 2 | The client id has no known prefix or is malformed, or is empty without a clean session. | See docs/protocol/topics.md 12. |
| 4 | The token or the secret is wrong, or there is none; the device was logged out. | Register again. |

What will pass (the store is away, the server is ending, a rate, too many connections) is no code: CONNACK comes later, or the connection is closed
without one. Connect again, after a pause that grows and has a random part.
`
}
