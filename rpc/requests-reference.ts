import { decideRequest, type Client } from '../acl/index.js'
import { type Dialect, requestAtoms } from '../protocol/index.js'
import { requestOf, routes } from './dispatcher.js'
import { allRequests, protocolRequests, type RequestFamily, requestName } from './protocol-requests.js'
import { refusals } from './refusals.js'

/** Lines between which README.md holds the table. */
export const requestsTableBounds = { begin: '<!-- requests: made by npm run docs -->', end: '<!-- /requests -->' } as const

const served: ReadonlySet<string> = new Set(routes.map(({ tag, request }) => requestName(tag, request)))

/** Requests of the protocol that nobody serves; they are answered `invalid_data`. */
export const unserved: readonly string[] = protocolRequests.flatMap(({ record, requests }) =>
  requests.map((request) => requestName(record, request)).filter((name) => !served.has(name)),
)

/** The table of README.md: of every request in the protocol, whether it is served. */
export function renderRequestsTable(): string {
  const rows = protocolRequests.map((family) => {
    const { section, record } = family
    const is = (wanted: boolean): string =>
      allRequests(family)
        .filter((request) => served.has(requestName(record, request)) === wanted)
        .map((request) => (request === '' ? record : request))
        .join(', ')
    return [String(section), record, is(true), ...(unserved.length === 0 ? [] : [is(false)])]
  })
  const head = ['rpc.md', 'record', 'served', ...(unserved.length === 0 ? [] : ['not yet'])]
  return renderTable(head, rows)
}

/** `page` with the table as it is now. @throws if the page has no place for it */
export function withRequestsTable(page: string): string {
  const { begin, end } = requestsTableBounds
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  const table = `<!-- prettier-ignore-start -->\n\n${renderRequestsTable()}\n\n<!-- prettier-ignore-end -->`
  return `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`
}

/** The page docs/reference/requests.md: of every request how it is asked, who may, and with which codes it can be refused. */
export function renderRequestsReference(): string {
  return `# Requests

Generated from the routes of \`rpc/dispatcher.ts\`; tests compare it with them and with the entries of [rpc.md](../protocol/rpc.md), which
says what each request does. A request is one record, published on \`events/1//api/anon//\`; its layouts are in [records.md](records.md).

- **v1**, **v11**: the atom in the last field (of an Auth in its type) with which a device of that dialect asks; \`[]\` is none, a dash: this
  dialect has no such request, · : the record alone is the request.
- **Codecs**: every request can be asked in BERT, MessagePack and JSON.
- **Who**: a device that is logged in, a connection that registers, a backend service; \`init\` anybody.
- **Refused with**: the codes of [errors.md](errors.md) that its handler gives, in the names of v1. Besides, any request is refused with
  \`invalid_data\` if it is malformed or not served, \`not_authorized\` if that kind of connection may not ask it, \`unavailable\` while the store
  does not take it, and \`internal\` after a fault of the server.

${protocolRequests.map(renderFamily).join('\n\n')}
`
}

function renderFamily(family: RequestFamily): string {
  const rows = allRequests(family).map((request) => renderRequest(family, request))
  return `## ${String(family.section)}. ${family.record}\n\n${renderTable(['request', 'v1', 'v11', 'who', 'state', 'refused with'], rows)}`
}

function renderRequest({ record }: RequestFamily, request: string): readonly string[] {
  const name = requestName(record, request)
  const atomsIn = (dialect: Dialect): string => {
    const atoms = requestAtoms(record, dialect, requestOf).get(request)
    if (atoms === undefined) return '–'
    return request === '' ? '·' : atoms.map((atom) => `\`${atom}\``).join(', ')
  }
  const codes = refusals[name] ?? []
  return [name, atomsIn('v1'), atomsIn('v11'), askersOf(record, request), served.has(name) ? 'served' : 'not yet', codes.join(', ') || '–']
}

const kinds: readonly (readonly [kind: Client['kind'], name: string])[] = [
  ['device', 'device'],
  ['registration', 'registration'],
  ['service', 'service'],
  ['anonymous', 'anonymous'],
]

function askersOf(record: string, request: string): string {
  const may = kinds.filter(([kind]) => decideRequest(kind, record, request).allowed).map(([, name]) => name)
  return may.length === kinds.length ? 'anybody' : may.join(', ')
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
