import { describe, expect, test } from '@jest/globals'
import {
  decideRoomRight,
  mayEdit,
  mayErase,
  mayPost,
  removalRight,
  type RequestVerdict,
  roomRights,
  type RoomStanding,
} from '../../acl/index.js'

const standings: Readonly<Record<string, RoomStanding>> = {
  owner: { role: 'owner', isMuted: false },
  admin: { role: 'admin', isMuted: false },
  promoted: { role: 'admin', isMuted: true },
  member: { role: 'member', isMuted: false },
  muted: { role: 'member', isMuted: true },
  stranger: undefined,
  invited: 'invited',
  banned: 'banned',
}

// rpc.md 11, written out: `promoted` is an admin who was muted before. yes, no (not_authorized), 404 (room_not_found), bad (invalid_data).
const table = `
                 group                                                      channel
                 owner admin promoted member muted stranger invited banned  owner admin promoted member muted stranger invited banned
get              yes   yes   yes      yes    yes   404      404     404     yes   yes   yes      yes    yes   yes      yes     yes
post             yes   yes   yes      yes    no    no       no      no      yes   yes   yes      no     no    no       no      no
signal           yes   yes   yes      yes    no    no       no      no      yes   yes   yes      yes    no    no       no      no
leave            yes   yes   yes      yes    yes   no       no      no      yes   yes   yes      yes    yes   no       no      no
mute-self        yes   yes   yes      yes    yes   no       no      no      yes   yes   yes      yes    yes   no       no      no
present-oneself  yes   yes   yes      yes    no    no       no      no      yes   yes   yes      yes    no    no       no      no
join             no    no    no       no     no    no       yes     no      bad   bad   bad      bad    bad   yes      yes     no
patch            yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
add              yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
remove-member    yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
remove-admin     yes   no    no       no     no    no       no      no      yes   no    no       no     no    no       no      no
remove-owner     no    no    no       no     no    no       no      no      no    no    no       no     no    no       no      no
unban            yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
mute-member      yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
delete-messages  yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
edit-links       yes   yes   yes      no     no    no       no      no      yes   yes   yes      no     no    no       no      no
appoint-admins   yes   no    no       no     no    no       no      no      yes   no    no       no     no    no       no      no
delete           yes   no    no       no     no    no       no      no      yes   no    no       no     no    no       no      no
`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))

const [, standingNames = [], ...rows] = table

describe('the rights in a room', () => {
  test('are complete: every right, both types, everyone', () => {
    expect(rows.map(([right]) => right)).toEqual(roomRights)
    expect(standingNames).toEqual([...Object.keys(standings), ...Object.keys(standings)])
  })

  test.each(roomRights)('%s', (right) => {
    const cells = rows.find(([name]) => name === right)?.slice(1)
    const half = standingNames.length / 2
    const verdicts = standingNames.map((name, i) => told(decideRoomRight(right, i < half ? 'group' : 'channel', standings[name])))
    expect(verdicts).toEqual(cells)
  })

  test('who may be removed depends on the role', () => {
    expect([removalRight('owner'), removalRight('admin'), removalRight('member'), removalRight(undefined)]).toEqual([
      'remove-owner',
      'remove-admin',
      'remove-member',
      'remove-member',
    ])
  })
})

describe('the rights to a message', () => {
  const p2p = { kind: 'p2p', exists: true, areFriends: true, isBanned: false } as const
  const group = { kind: 'room', room: { type: 'group', membership: { role: 'member', isMuted: false } } } as const
  const feeds = {
    self: { kind: 'self' },
    friend: p2p,
    banned: { ...p2p, isBanned: true },
    stranger: { ...p2p, areFriends: false },
    nobody: { kind: 'p2p', exists: false, areFriends: false, isBanned: false },
    member: group,
    muted: { kind: 'room', room: { type: 'group', membership: { role: 'member', isMuted: true } } },
    admin: { kind: 'room', room: { type: 'group', membership: { role: 'admin', isMuted: false } } },
    reader: { kind: 'room', room: { type: 'channel', membership: { role: 'member', isMuted: false } } },
    outsider: { kind: 'room', room: { type: 'group', membership: undefined } },
    nowhere: { kind: 'room', room: undefined },
  } as const

  // rpc.md 10: post, edit one's own, edit another's, edit one's own erased, erase one's own for all, erase another's for all.
  test.each([
    ['self', 'yes yes no bad yes no'],
    ['friend', 'yes yes no bad yes no'],
    ['banned', 'no no no no yes no'],
    ['stranger', 'no no no no yes no'],
    ['nobody', 'no no no no yes no'],
    ['member', 'yes yes no bad yes no'],
    ['muted', 'no no no no yes no'],
    ['admin', 'yes yes no bad yes yes'],
    ['reader', 'no yes no bad yes no'],
    ['outsider', 'no no no no yes no'],
    ['nowhere', '404 404 no 404 404 404'],
  ] as const)('%s: %s', (name, rights) => {
    const feed = feeds[name]
    const verdicts = [
      mayPost(feed),
      mayEdit({ isAuthor: true, isErased: false }, feed),
      mayEdit({ isAuthor: false, isErased: false }, feed),
      mayEdit({ isAuthor: true, isErased: true }, feed),
      mayErase({ isAuthor: true }, feed),
      mayErase({ isAuthor: false }, feed),
    ]
    expect(verdicts.map(told).join(' ')).toBe(rights)
  })
})

function told(verdict: RequestVerdict): string {
  expect(verdict.because).not.toBe('')
  if (verdict.allowed) return 'yes'
  return { not_authorized: 'no', room_not_found: '404', invalid_data: 'bad', not_found: 'gone' }[verdict.error]
}
