import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { routes } from '../../rpc/index.js'
import { allRequests, protocolRequests, requestName, requestNames } from '../../rpc/protocol-requests.js'
import { refusals } from '../../rpc/refusals.js'
import { renderRequestsReference, unserved } from '../../rpc/requests-reference.js'
import { requestExamples } from '../../rpc/request-examples.js'
import { scanExamples } from './example-scan.js'
import { scanRefusals } from './refusal-scan.js'

const text = readFileSync('docs/protocol/rpc.md', 'utf8')

/** The entries of rpc.md by their headings, without those of sections 1 and 3, which are no requests. */
const entries: readonly { readonly heading: string; readonly body: string }[] = text
  .split(/^(?=##+ )/m)
  .filter((part) => !/^##+ (?:[13]\.|[13]\. |RPC)/.test(part))
  .map((part) => {
    const [heading = '', ...lines] = part.split('\n')
    return { heading: heading.replace(/^#+ /, ''), body: lines.join(' ').replaceAll(/\s+/g, ' ') }
  })

/** `### Room/ban, Room/unban` */
const inHeadings = entries.flatMap(({ heading }) =>
  [...heading.matchAll(/\b(?:[A-Z]\w+\/\w*|init$)(?=$|,| \(v11\)| and others| as removal)/g)].map(([name]) =>
    name === 'init' ? 'init/' : name,
  ),
)

/** Requests that an entry names in its text only: the words that do, and what they name. */
const inProse: readonly (readonly [heading: string, words: RegExp, names: readonly string[]])[] = [
  ['Auth/list', /further v11 types: delete \(.*\), clear \(.*\), update \(/, ['Auth/delete', 'Auth/clear', 'Auth/update']],
  ['Profile/update', /status=update}`\. v11 also patch\./, ['Profile/patch']],
  ['7. PRESENCE (server pushes)', /v11: `Presence\{uid=P\}` from a client is answered/, ['Presence/']],
  ['Message/upload', /Request 2: `Message\{.* status=complete\}`/, ['Message/complete']],
  ['Message/edit as removal', /For all: status edit with files \[\] or seenby -1; also status deleted;/, ['Message/deleted']],
  ['Typing', /v1 `Typing\{author=P, room=Dest\}`/, ['Typing/']],
  [
    'History/delete and others (v11)',
    /^- delete: .* get_reply, double_get and media atoms filter get\./,
    ['get_reply', 'double_get', ...mediaAtoms()].map((atom) => `History/${atom}`),
  ],
  ['Room/patch', /`settings` as status: settings only/, ['Room/settings']],
  ['Room/delete and others', /voice, video: call signalling/, ['Room/voice', 'Room/video']],
  [
    'Search/contact',
    /Other statuses: roster = .*; room = .*; profile, member = as contact\./,
    ['Search/roster', 'Search/room', 'Search/profile', 'Search/member'],
  ],
  ['16. FTP', /`status=init` with id, .* `status=send` with offset/, ['ftp/init', 'ftp/send']],
  [
    '17. Only in v11',
    /`Link\{id=L, room_id=R, status=check\|get\|update\|delete\|join\}`/,
    ['Link/check', 'Link/get', 'Link/update', 'Link/delete', 'Link/join'],
  ],
  ['17. Only in v11', /`Job\{.* status=init\}`/, ['Job/init']],
]

/** Of the statuses of a v11 History, those that name kinds of media. */
function mediaAtoms(): readonly string[] {
  const { dialects } = JSON.parse(readFileSync('docs/protocol/records.json', 'utf8')) as {
    dialects: { v11: { History: { fields: readonly { name: string; type: string }[] } } }
  }
  const status = dialects.v11.History.fields.find(({ name }) => name === 'status')?.type ?? ''
  const others = ['updated', 'get', 'update', 'last_loaded', 'last_msg', 'get_reply', 'double_get', 'delete']
  return [...status.matchAll(/'(\w+)'/g)].map(([, atom]) => atom!).filter((atom) => !others.includes(atom))
}

describe('the requests of rpc.md', () => {
  for (const [heading, words, names] of inProse) {
    test(`${names.join(', ')}: named in the entry ${heading}`, () => {
      expect(entries.find((entry) => entry.heading === heading)?.body).toMatch(words)
    })
  }

  test('are those of the table of requests, none more and none less', () => {
    const named = new Set([...inHeadings, ...inProse.flatMap(([, , names]) => names)])
    expect([...requestNames].sort()).toEqual([...named].sort())
  })

  test('are all served', () => {
    expect(unserved).toEqual([])
  })
})

test('every route serves a request of the protocol', () => {
  const known = protocolRequests.flatMap((family) => allRequests(family).map((request) => requestName(family.record, request)))
  expect(routes.map(({ tag, request }) => requestName(tag, request)).filter((name) => !known.includes(name))).toEqual([])
})

test('the table of refusals is what the source of the handlers says', () => {
  const scanned = [...scanRefusals()].filter(([, codes]) => codes.length > 0)
  expect(scanned.length).toBeGreaterThan(50)
  expect(refusals).toEqual(Object.fromEntries(scanned))
})

test('the page of requests is what `npm run docs` makes of the routes', () => {
  expect(readFileSync('docs/reference/requests.md', 'utf8')).toBe(renderRequestsReference())
})

test('the examples of requests, and what each cannot do without, are what the server says of them (npm run docs)', async () => {
  expect(requestExamples).toEqual(Object.fromEntries(await scanExamples()))
})
