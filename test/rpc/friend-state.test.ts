import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Friend } from '../../protocol/index.js'
import type { ContactDocument } from '../../rpc/documents/index.js'
import { banContact, unbanContact } from '../../rpc/handlers/friend/ban.js'
import { type Acquaintance, areFriends, openState } from '../../rpc/handlers/friend/contact-state.js'
import { muteFriend, unmuteFriend, updateContact } from '../../rpc/handlers/friend/contact-settings.js'
import type { FriendFacts } from '../../rpc/handlers/friend/friend-facts.js'
import type { FriendStep } from '../../rpc/handlers/friend/friend-request.js'
import { confirmFriendship, ignoreRequest, requestFriendship, revokeFriendship } from '../../rpc/handlers/friend/friendship.js'
import { contacts } from '../../rpc/documents/index.js'
import type { Outcome } from '../../rpc/outcome.js'
import type { PhoneId } from '../../topics/index.js'
import { ann, boris } from './chat-world.js'

const steps: { readonly [Name in string]: (step: FriendStep, asked: Pick<Friend, 'settings'>) => Outcome } = {
  request: requestFriendship,
  confirm: confirmFriendship,
  revoke: revokeFriendship,
  ignore: ignoreRequest,
  ban: banContact,
  unban: unbanContact,
  mute: muteFriend,
  unmute: unmuteFriend,
  update: updateContact,
}

/** What Ann holds of Boris (own) and he of her (other). */
const strangersAtFirst: Acquaintance = { own: undefined, other: undefined }

interface Move {
  readonly by: PhoneId
  readonly what: string
}

const moves = fc.array(fc.record({ by: fc.constantFrom(ann, boris), what: fc.constantFrom(...Object.keys(steps)) }), { maxLength: 30 })

function swap({ own, other }: Acquaintance): Acquaintance {
  return { own: other, other: own }
}

/** The pair after a move, seen from Ann, and what was sent. */
function move(pair: Acquaintance, { by, what }: Move): { readonly pair: Acquaintance; readonly outcome: Outcome } {
  const seen = by === ann ? pair : swap(pair)
  const friend = by === ann ? boris : ann
  const outcome = steps[what]?.({ facts: factsOf(by, friend, seen), now: 1 }, { settings: [] })
  if (outcome === undefined) throw new Error(what)
  const after =
    outcome.kind === 'accepted'
      ? outcome.puts.filter(({ key }) => key.startsWith('contact/')).reduce((sides, put) => store(sides, by, put), seen)
      : seen
  return { pair: by === ann ? after : swap(after), outcome }
}

function store(
  pair: Acquaintance,
  self: PhoneId,
  { key, value }: { readonly key: string; readonly value: Uint8Array | undefined },
): Acquaintance {
  const side: ContactDocument | undefined = value && contacts.decode(value)
  return key.startsWith(`contact/${self}/`) ? { ...pair, own: side } : { ...pair, other: side }
}

function factsOf(self: PhoneId, friend: PhoneId, pair: Acquaintance): FriendFacts {
  const shown = {
    roster: undefined,
    contact: undefined,
    presence: { isOnline: true, update: 1 },
    isFellow: false,
    feed: { lastMessage: null, unread: 0, reader: 0, otherReader: 0 },
  }
  return {
    self,
    friend,
    friendExists: true,
    pair,
    bans: bansOf(pair),
    shownToSelf: { ...shown, owner: self, other: friend },
    shownToFriend: { ...shown, owner: friend, other: self },
  }
}

function bansOf({ own, other }: Acquaintance): FriendFacts['bans'] {
  return { own: own?.bans === true ? { by: ann, at: 1 } : null, other: other?.bans === true ? { by: boris, at: 1 } : null }
}

function after(list: readonly Move[]): Acquaintance {
  return list.reduce((pair, next) => move(pair, next).pair, strangersAtFirst)
}

describe('whatever two people do', () => {
  test('friendship is symmetric, and each request faces its authorization', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { own, other } = after(list)
        expect(own?.state === 'friend').toBe(other?.state === 'friend')
        for (const [a, b] of [
          [own, other],
          [other, own],
        ]) {
          if (a?.state === 'request') expect(['authorization', 'ignore']).toContain(b?.state)
          if (a?.state === 'authorization' || a?.state === 'ignore') expect(b?.state).toBe('request')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a ban on one side is the mark of it on the other, and closes both', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const pair = after(list)
        expect(pair.own?.bans ?? false).toBe(pair.other?.isBanned ?? false)
        expect(pair.other?.bans ?? false).toBe(pair.own?.isBanned ?? false)
        if (pair.own?.bans === true) expect([openState(pair.own), openState(pair.other), areFriends(pair)]).toEqual(['none', 'none', false])
      }),
      { numRuns: 500 },
    )
  })

  test('a ban sends nobody the presence of the other', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const { outcome } = move(after(list), { by: ann, what: 'ban' })
        const sends = outcome.kind === 'accepted' ? outcome.sends : []
        const seen = sends.map(({ payload }) =>
          payload.kind === 'record' && payload.record.tag === 'Contact' ? payload.record.presence : null,
        )
        expect(seen).not.toContain('online')
      }),
    )
  })

  test('an unban gives friends back all they had, and leaves nothing of anything else', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const before = after(list)
        fc.pre(before.own?.bans !== true && before.other?.bans !== true)
        const back = move(move(before, { by: ann, what: 'ban' }).pair, { by: ann, what: 'unban' }).pair
        if (areFriends(before)) expect(withoutTimes(back)).toEqual(withoutTimes(before))
        else expect(back).toEqual({ own: undefined, other: undefined })
      }),
      { numRuns: 500 },
    )
  })
})

function withoutTimes({ own, other }: Acquaintance): unknown {
  return [own, other].map((side) => side && { ...side, created: 0, update: 0 })
}
