import fc from 'fast-check'
import type { Commit } from '../../store/contract.js'

/** Few names, so that random commits meet; some that an engine could confuse: a prefix of another, one with a digit at its end, one not in ASCII. */
export const keys = ['user/a', 'user/a/1', 'user/ab', 'room/é', 'message/1', 'message/3', 'd', 'user/a/\u{10ffff}']
export const feeds = ['p2p/a/b', 'p2p/a/b1', 'room/é']
export const clients = ['emqttd_1', 'emqttd_11', 'emqttd_é']
export const outboxIds = ['sms', 'sms/2', 'é']

const bytes = fc.oneof(
  fc.constantFrom('', 'x', 'y').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }).map((some) => Buffer.from(some)),
)
const key = fc.constantFrom(...keys)
const few = <T>(one: fc.Arbitrary<T>, maxLength = 2): fc.Arbitrary<T[]> => fc.array(one, { maxLength })
const number = fc.oneof(fc.nat(6), fc.nat(60))

/** A check on what is there when the commit is made (`isTrue`), or on a guess. */
export interface CheckWish {
  readonly key: string
  readonly isTrue: boolean
  readonly guess: Buffer | undefined
}

export interface CommitWish {
  readonly checks: readonly CheckWish[]
  readonly commit: Commit
}

/** Any commit with at least `minAppends` appends to the first feed. */
export function commitWish(minAppends: number): fc.Arbitrary<CommitWish> {
  const append = fc.record({ feed: fc.constantFrom(...feeds), message: bytes, isCountable: fc.boolean() })
  const logged = fc.record({ feed: fc.constant('log'), message: bytes, isCountable: fc.constant(true) })
  return fc.tuple(fc.array(logged, { minLength: minAppends, maxLength: minAppends }), few(append)).chain(([log, others]) => {
    const appends = [...log, ...others]
    return fc.record({
      checks: few(fc.record({ key, isTrue: fc.boolean(), guess: fc.option(bytes, { nil: undefined }) }), 1),
      commit: fc.record({
        appends: fc.constant(appends),
        puts: few(fc.record({ key, value: fc.option(bytes, { nil: undefined }) })),
        numbers: appends.length === 0 ? fc.constant([]) : few(fc.record({ key, append: fc.nat(appends.length - 1) }), 1),
        deliveries: few(delivery(appends.length), 6),
        fences: few(fc.record({ client: fc.constantFrom(...clients), epoch: fc.nat(1) }), 1),
        opens: few(fc.record({ client: fc.constantFrom(...clients), holder: fc.constantFrom('', 'one', 'öther'), sentTo: number }), 1),
        settlements: few(settlement),
        lossesTold: few(fc.record({ client: fc.constantFrom(...clients), dropped: fc.nat(3) }), 1),
        clearInboxes: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: few(fc.constantFrom(...clients), 1) }),
        outbox: few(fc.record({ id: fc.constantFrom(...outboxIds), job: bytes }), 1),
        outboxDone: few(fc.constantFrom(...outboxIds), 1),
      }),
    })
  })
}

const anySettlement = fc.record({ client: fc.constantFrom(...clients), settledTo: number, releasedTo: number })
const settlement = fc.oneof(
  anySettlement,
  fc.tuple(anySettlement, fc.nat(3)).map(([one, epoch]) => ({ ...one, epoch })),
)

function delivery(appends: number): fc.Arbitrary<NonNullable<Commit['deliveries']>[number]> {
  const byId = fc.record({ id: fc.nat(100) })
  const message = appends === 0 ? byId : fc.oneof(byId, fc.record({ append: fc.nat(appends - 1) }))
  const base = {
    client: fc.constantFrom(...clients),
    topic: fc.constantFrom('actions/1/api/x', 'actions/é'),
    qos: fc.constantFrom(1 as const, 2 as const),
    body: bytes,
  }
  const news = { news: fc.constantFrom('', 'one', 'other', 'é') }
  const loss = { loss: fc.record({ of: fc.constantFrom('', 'p2p/a/b', 'room/é'), since: fc.nat(9) }) }
  return fc.oneof(
    fc.record(base),
    fc.record({ ...base, message }),
    fc.record({ ...base, ...news }),
    fc.record({ ...base, ...news, message }),
    fc.record({ ...base, ...loss }),
    fc.record({ ...base, ...news, ...loss }),
    fc.record({ ...base, ...loss, isExtra: fc.constant(true as const) }),
  )
}
