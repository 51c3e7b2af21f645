import type { MessengerCounts } from '../broker/index.js'
import type { DeliveryCounts } from '../delivery/index.js'
import type { Counted } from '../rpc/index.js'
import type { Metrics } from './metrics.js'

/** Adds what the worker of a node has counted to the metrics. */
export function count(metrics: Metrics, counts: readonly Counted[], node: number): void {
  for (const one of counts) {
    switch (one.name) {
      case 'request':
        metrics.requests.inc({ record: one.record, outcome: one.outcome }, one.count)
        break
      case 'conflict':
        metrics.conflicts.inc(one.count)
        break
      case 'replan':
        metrics.replans.inc(one.count)
        break
      case 'fault':
        metrics.faults.inc(one.count)
        break
      case 'dropped':
        metrics.inboxDrops.inc({ class: 'news' }, one.news)
        metrics.inboxDrops.inc({ class: 'message' }, one.messages)
        break
      case 'push':
        metrics.pushes.inc({ provider: one.provider, outcome: one.outcome }, one.count)
        break
      case 'outbox':
        metrics.outboxEntries.set({ node, kind: 'job' }, one.jobs)
        metrics.outboxEntries.set({ node, kind: 'notice' }, one.notices)
        metrics.outboxAge.set({ node }, one.ageMs / 1_000)
        break
      case 'commit':
        for (const seconds of one.seconds) metrics.commitSeconds.observe(seconds)
    }
  }
}

/** The counts of delivery and its doors as metrics. What happens for every packet is counted in plain numbers and added once a second. */
export function messengerCounts(metrics: Metrics): MessengerCounts & DeliveryCounts {
  let sent = 0
  const publishes = new Map<string, number>()
  setInterval(() => {
    if (sent > 0) metrics.deliveries.inc(sent)
    for (const [kind, counted] of publishes) metrics.publishes.inc({ kind }, counted)
    sent = 0
    publishes.clear()
  }, 1_000).unref()
  return {
    connect: (outcome) => {
      metrics.connects.inc({ outcome })
    },
    publish: (kind) => {
      publishes.set(kind, (publishes.get(kind) ?? 0) + 1)
    },
    denied: (because) => {
      metrics.denied.inc({ because })
    },
    sent: () => {
      sent++
    },
    openConnections: (listener, change) => {
      metrics.connections.inc({ listener }, change)
    },
  }
}
