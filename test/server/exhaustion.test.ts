/** One place knows what has run out: who told it, since when, and what follows from it. */
import { expect, test } from '@jest/globals'
import { ProviderOutage } from '../../providers/index.js'
import { newExhaustion } from '../../server/exhaustion.js'
import { openLog } from '../../server/log.js'
import type { Machine } from '../../server/machine.js'
import { createMetrics } from '../../server/metrics.js'
import { newProviderWatch } from '../../server/provider-watch.js'
import { watchMachine } from '../../server/watch-machine.js'

function anExhaustion() {
  const lines: string[] = []
  const log = openLog('info', { write: (line: string) => lines.push(line) })
  const metrics = createMetrics()
  const exhaustion = newExhaustion(log, metrics)
  const told = (): unknown[] => lines.splice(0).map((line) => JSON.parse(line) as unknown)
  const gauge = async (): Promise<readonly string[]> =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith('nynja_exhausted{') && line.endsWith(' 1'))
  return { exhaustion, log, told, gauge }
}

test('what begins is logged once however often it is told, and ends when it has ended for all who told it', async () => {
  const { exhaustion, told, gauge } = anExhaustion()
  expect(exhaustion.readiness()).toEqual({ kind: 'ready', lacking: [] })
  exhaustion.begin('disk', 'full', '1')
  exhaustion.begin('disk', 'full', '2')
  exhaustion.begin('disk', 'full still', '1')
  expect(told()).toEqual([expect.objectContaining({ level: 'warn', event: 'exhausted', resource: 'disk', because: 'full' })])
  expect(exhaustion.readiness()).toEqual({
    kind: 'not-ready',
    because: expect.stringMatching(/^disk exhausted since \d{4}-\d\d-\d\dT.*Z: full still$/),
  })
  expect(await gauge()).toEqual(['nynja_exhausted{resource="disk"} 1'])
  exhaustion.end('disk', '1')
  exhaustion.end('disk', '3')
  expect(told()).toEqual([])
  exhaustion.end('disk', '2')
  expect(told()).toEqual([expect.objectContaining({ level: 'info', event: 'recovered', resource: 'disk', seconds: expect.any(Number) })])
  expect([exhaustion.readiness(), await gauge()]).toEqual([{ kind: 'ready', lacking: [] }, []])
})

test('a server that only lacks something is ready, and says what it lacks', () => {
  const { exhaustion } = anExhaustion()
  exhaustion.begin('sms', 'no funds')
  expect(exhaustion.readiness()).toEqual({ kind: 'ready', lacking: [expect.stringMatching(/^sms exhausted since .*: no funds$/)] })
})

const gib = 1024 ** 3

function aMachine() {
  const state = { memory: { used: gib, limit: 4 * gib }, heap: { used: gib, limit: 4 * gib } }
  const machine: Machine = {
    descriptorLimit: () => 1_000,
    descriptors: () => 100,
    hasDescriptor: () => true,
    memory: () => state.memory,
    heap: () => state.heap,
  }
  return { machine, state }
}

test.each(['memory', 'heap'] as const)(
  'a %s near its limit takes no more clients until a good part of it is free again; operators are let in',
  (what) => {
    const { exhaustion, log, told } = anExhaustion()
    const { machine, state } = aMachine()
    const refused: string[] = []
    const watch = watchMachine({ machine, exhaustion, log, maxConnections: 10, onRefused: (because) => refused.push(because) })
    watch.opened()
    const takenAt = (share: number): boolean => {
      state[what].used = share * state[what].limit
      watch.look()
      return watch.takes('client')
    }
    expect([0.89, 0.91, 0.81, 0.79, 0.89].map(takenAt)).toEqual([true, false, false, true, true])
    expect(refused).toEqual(['memory', 'memory'])
    expect(told()).toMatchObject([
      { event: 'exhausted', resource: 'memory', because: expect.stringContaining('3727 of 4096 MiB') },
      { event: 'recovered' },
    ])
    takenAt(0.95)
    expect(watch.takes('operator')).toBe(true)
  },
)

test('some descriptors are kept for what the server does itself, and a few of them for operators', () => {
  const { exhaustion, log, told } = anExhaustion()
  const { machine } = aMachine()
  const refused: string[] = []
  const watch = watchMachine({ machine, exhaustion, log, maxConnections: 10_000, onRefused: (because) => refused.push(because) })
  watch.opened()
  expect(told()).toMatchObject([{ event: 'few-descriptors', limit: 1_000, connections: 836 }])
  const takes = (kind: 'client' | 'operator'): number => {
    let taken = 0
    while (watch.takes(kind)) taken++
    return taken
  }
  expect([takes('client'), takes('operator')]).toEqual([836, 48])
  expect([refused, exhaustion.has('descriptors')]).toEqual([['descriptors', 'descriptors'], true])
  for (let i = 0; i < 70; i++) watch.left()
  watch.look()
  expect([exhaustion.has('descriptors'), watch.takes('client')]).toEqual([false, true])
})

const outage = (parts: Partial<ConstructorParameters<typeof ProviderOutage>[0]>) =>
  new ProviderOutage({ reason: 'refused', message: 'said no', isPermanent: true, ...parts })

test.each([
  { failure: 'no answer', error: outage({ reason: 'timeout' }), concernsAll: true },
  { failure: 'no connection', error: outage({ reason: 'unreachable' }), concernsAll: true },
  { failure: '500', error: outage({ status: 500 }), concernsAll: true },
  { failure: '401', error: outage({ status: 401 }), concernsAll: true },
  { failure: '402', error: outage({ status: 402 }), concernsAll: true },
  { failure: '429', error: outage({ status: 429 }), concernsAll: true },
  { failure: '400', error: outage({ status: 400 }), concernsAll: false },
  { failure: 'a refusal in a 200', error: outage({ status: 200 }), concernsAll: false },
])('$failure of a service concerns all messages at once: $concernsAll', ({ error, concernsAll }) => {
  const { exhaustion, log, told } = anExhaustion()
  const watch = newProviderWatch(exhaustion, log)
  watch.failed('sms', error)
  expect(exhaustion.has('sms')).toBe(concernsAll)
  expect(told()).toMatchObject([{ event: concernsAll ? 'exhausted' : 'provider-refused' }])
})

test('single refusals are the fault of the service once three have come in a row', () => {
  const { exhaustion, log, told } = anExhaustion()
  const watch = newProviderWatch(exhaustion, log)
  const refuse = (): void => {
    watch.failed('push', outage({ status: 400 }), 'fcm')
  }
  refuse()
  refuse()
  watch.worked('push', 'fcm')
  refuse()
  refuse()
  expect(exhaustion.has('push')).toBe(false)
  refuse()
  refuse()
  watch.worked('push', 'apns')
  expect(exhaustion.has('push')).toBe(true)
  watch.worked('push', 'fcm')
  expect(told().map((line) => (line as { event: string }).event)).toEqual([
    ...Array<string>(4).fill('provider-refused'),
    'exhausted',
    'recovered',
  ])
})
