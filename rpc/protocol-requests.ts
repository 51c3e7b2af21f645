import type { RecordTag } from '../protocol/index.js'

/** A family of requests of rpc.md: its section, the record's name, and every request of it. */
export interface RequestFamily {
  readonly section: number
  readonly record: RecordTag
  /** The status, of an Auth the type; `''` where that is no name of a request. */
  readonly requests: readonly string[]
  /** What records.json lists as statuses of the record, rpc.md has no entry for, and is served all the same. */
  readonly further?: readonly string[]
}

/** Every request of docs/protocol/rpc.md, in its order; a test compares it with the text. */
export const protocolRequests: readonly RequestFamily[] = [
  { section: 2, record: 'init', requests: [''] },
  {
    section: 4,
    record: 'Auth',
    requests: ['reg', 'voice', 'resend', 'verify', 'login', 'logout', 'push', 'list', 'delete', 'clear', 'update'],
  },
  { section: 5, record: 'Person', requests: ['get', 'set'] },
  {
    section: 6,
    record: 'Profile',
    requests: ['get', 'update', 'patch', 'set', 'link', 'email', 'aws', 'remove', 'migrate', 'phone'],
  },
  { section: 7, record: 'Presence', requests: [''] },
  { section: 8, record: 'Roster', requests: ['get', 'patch', 'update', 'nick', 'create', 'remove', 'list', 'add', 'del'] },
  {
    section: 9,
    record: 'Friend',
    requests: ['request', 'confirm', 'revoke', 'ban', 'unban', 'mute', 'unmute', 'update', 'ignore'],
  },
  { section: 10, record: 'Message', requests: ['client', 'upload', 'complete', 'edit', 'deleted'] },
  { section: 10, record: 'Typing', requests: [''] },
  {
    section: 10,
    record: 'History',
    requests: [
      ...['get', 'update', 'delete', 'get_reply', 'double_get'],
      // the media atoms
      ...['image', 'video', 'file', 'link', 'audio', 'contact', 'location', 'text'],
    ],
  },
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
  { section: 16, record: 'ftp', requests: ['init', 'send'] },
  { section: 17, record: 'Link', requests: ['check', 'get', 'update', 'delete', 'join'] },
  { section: 17, record: 'Job', requests: ['init'], further: ['update', 'stop', 'restart', 'complete', 'delete'] },
]

/** The name of a request: `Friend/ban`, or `Loc/` where the record has one request only. */
export function requestName(record: string, request: string): string {
  return `${record}/${request}`
}

/** Every request of a family that may be served. */
export function allRequests({ requests, further = [] }: RequestFamily): readonly string[] {
  return [...requests, ...further]
}

/** The names of all requests that rpc.md has an entry for. */
export const requestNames: readonly string[] = protocolRequests.flatMap(({ record, requests }) =>
  requests.map((request) => requestName(record, request)),
)
