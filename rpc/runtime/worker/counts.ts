import type { ControlToMain, Counted } from '../link/messages-to-main.js'
import type { DroppedEntries } from '../../../store/contract.js'
import { errorCodeOf } from '../../../protocol/index.js'
import type { Accepted, Outcome } from '../../outcome.js'

/** What a worker counts, told to the main thread now and then in one message. */
export interface Counts {
  /** @param outcome `ok`, `dropped`, or the code it was refused with */
  request(record: string, outcome: string): void
  conflict(): void
  fault(): void
  /** A batch took so many seconds, from its first read until it was durable. */
  commit(seconds: number): void
  push(provider: string, outcome: string): void
  dropped(entries: DroppedEntries): void
  tell(): void
}

const noneDropped: DroppedEntries = { news: 0, messages: 0 }

/** Commit times kept between two tellings; beyond that they are only a sample of the load. */
const sampleLimit = 1_000

/** @param outbox what waits in the outbox now */
export function newCounts(control: (message: ControlToMain) => void, outbox: () => Omit<Counted & { name: 'outbox' }, 'name'>): Counts {
  let requests = new Map<string, number>()
  let pushes = new Map<string, number>()
  let hasWaited = false
  let conflicts = 0
  let faults = 0
  let dropped = noneDropped
  let seconds: number[] = []
  return {
    request(record, outcome) {
      const key = `${record} ${outcome}`
      requests.set(key, (requests.get(key) ?? 0) + 1)
    },
    conflict() {
      conflicts++
    },
    fault() {
      faults++
    },
    commit(took) {
      if (seconds.length < sampleLimit) seconds.push(took)
    },
    push(provider, outcome) {
      const key = `${provider} ${outcome}`
      pushes.set(key, (pushes.get(key) ?? 0) + 1)
    },
    dropped({ news, messages }) {
      if (news + messages > 0) dropped = { news: dropped.news + news, messages: dropped.messages + messages }
    },
    tell() {
      const counts: Counted[] = [...requests].map(([key, count]) => {
        const [record = '', outcome = ''] = key.split(' ')
        return { name: 'request', record, outcome, count }
      })
      if (conflicts > 0) counts.push({ name: 'conflict', count: conflicts })
      if (faults > 0) counts.push({ name: 'fault', count: faults })
      if (seconds.length > 0) counts.push({ name: 'commit', seconds })
      if (dropped !== noneDropped) counts.push({ name: 'dropped', ...dropped })
      counts.push(...[...pushes].map(([key, count]) => pushCount(key, count)))
      const waiting = outbox()
      const waits = waiting.jobs + waiting.notices > 0
      if (waits || hasWaited) counts.push({ name: 'outbox', ...waiting })
      hasWaited = waits
      requests = new Map()
      pushes = new Map()
      conflicts = faults = 0
      dropped = noneDropped
      seconds = []
      if (counts.length > 0) control({ kind: 'counted', counts })
    },
  }
}

/** How an outcome is counted; undefined while it rests on what is done in the outside world, and is not known yet. */
export function countedAs(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'refused':
      return outcome.code
    case 'dropped':
      return 'dropped'
    case 'accepted':
      return outcome.effects.some(({ kind }) => kind === 'perform' || kind === 'credentials') ? undefined : (refusalIn(outcome) ?? 'ok')
  }
}

/** A refusal that uses something up (a try at a code, a budget) is stored, and its answer alone says so. */
function refusalIn({ sends }: Accepted): string | undefined {
  for (const send of sends) {
    if (send.to !== 'caller' || send.payload.kind !== 'record') continue
    const code = errorCodeOf(send.payload.record)
    if (code !== null) return code
  }
  return undefined
}

function pushCount(key: string, count: number): Counted {
  const [provider = '', outcome = ''] = key.split(' ')
  return { name: 'push', provider, outcome, count }
}
