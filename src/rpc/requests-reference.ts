import { routes } from './dispatcher.js'

/** A family of requests of rpc.md: its section, the record's name, and every request of it. */
interface Family {
  readonly section: number
  readonly record: string
  readonly requests: readonly string[]
}

/** Every request of docs/protocol/rpc.md, in its order; `''` where the record has no status. */
export const protocolRequests: readonly Family[] = [
  { section: 2, record: 'init', requests: [''] },
  {
    section: 4,
    record: 'Auth',
    requests: ['reg', 'voice', 'resend', 'verify', 'login', 'logout', 'push', 'list', 'delete', 'clear', 'update'],
  },
  { section: 5, record: 'Person', requests: ['get', 'set'] },
  { section: 6, record: 'Profile', requests: ['get', 'update', 'set', 'link', 'email', 'aws', 'remove', 'migrate', 'phone'] },
  { section: 7, record: 'Presence', requests: [''] },
  { section: 8, record: 'Roster', requests: ['get', 'patch', 'update', 'nick', 'create', 'remove', 'list', 'add', 'del'] },
  {
    section: 9,
    record: 'Friend',
    requests: ['request', 'confirm', 'revoke', 'ban', 'unban', 'mute', 'unmute', 'update', 'ignore'],
  },
  { section: 10, record: 'Message', requests: ['client', 'upload', 'complete', 'edit', 'deleted'] },
  { section: 10, record: 'Typing', requests: [''] },
  { section: 10, record: 'History', requests: ['get', 'update', 'delete', 'get_reply', 'double_get'] },
  { section: 10, record: 'Cursor', requests: [''] },
  {
    section: 11,
    record: 'Room',
    requests: [
      ...['create', 'get', 'patch', 'settings', 'add', 'join', 'remove', 'leave', 'ban', 'unban', 'mute', 'unmute', 'delete'],
      ...['voice', 'video'],
    ],
  },
  { section: 11, record: 'Member', requests: ['patch'] },
  { section: 12, record: 'Search', requests: ['contact', 'roster', 'room', 'profile', 'member'] },
  { section: 13, record: 'Tag', requests: ['create', 'edit', 'remove'] },
  { section: 13, record: 'Star', requests: ['add', 'remove'] },
  { section: 14, record: 'Loc', requests: [''] },
  { section: 15, record: 'CDR', requests: [''] },
  { section: 16, record: 'ftp', requests: [''] },
  { section: 17, record: 'Link', requests: ['get', 'update', 'delete', 'join'] },
  { section: 17, record: 'Job', requests: ['init'] },
]

/** Lines between which README.md holds the table. */
export const requestsTableBounds = { begin: '<!-- requests: made by npm run docs -->', end: '<!-- /requests -->' } as const

/** The table of README.md: of every request in the protocol, whether it is served. Those that are not are answered `invalid_data`. */
export function renderRequestsTable(): string {
  const served = new Set(routes.map(({ tag, request }) => `${tag}/${request}`))
  const rows = protocolRequests.map(({ section, record, requests }) => {
    const is = (wanted: boolean): string =>
      names(
        record,
        requests.filter((request) => served.has(`${record}/${request}`) === wanted),
      )
    return `| ${section} | ${record} | ${is(true)} | ${is(false)} |`
  })
  return ['| rpc.md | record | served | not yet |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** `page` with the table as it is now. @throws if the page has no place for it */
export function withRequestsTable(page: string): string {
  const { begin, end } = requestsTableBounds
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  const table = `<!-- prettier-ignore-start -->\n\n${renderRequestsTable()}\n\n<!-- prettier-ignore-end -->`
  return `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`
}

function names(record: string, requests: readonly string[]): string {
  return requests.map((request) => (request === '' ? record : request)).join(', ')
}
