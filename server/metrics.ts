import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** From 0.1 ms to 10 s, in seconds. */
const latencyBuckets = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * What the server counts. Labels take few values, all of them ours (kinds of topics, names of records, codes): never an id, a phone number or
 * anything else a peer can choose.
 */
export interface Metrics {
  /** Connections open now, by listener: mqtt, ws, tls, core. */
  readonly connections: Gauge<'listener'>
  /** CONNECTs, by outcome: accepted, or the name of the refusal. */
  readonly connects: Counter<'outcome'>
  /** PUBLISH packets received, by kind of topic. */
  readonly publishes: Counter<'kind'>
  /** Publishes and subscriptions refused, by the rule that refused them. */
  readonly denied: Counter<'because'>
  /** Requests executed, by record (`Friend/request`) and outcome (`ok` or the code). */
  readonly requests: Counter<'record' | 'outcome'>
  /** Connections turned away, for lack of what they need or for what they have not shown: see `TurnedAway` of the broker, and the resources of `Exhaustion`. */
  readonly refusedConnections: Counter<'because'>
  /** 1 for what the server has run out of, else 0. */
  readonly exhausted: Gauge<'resource'>
  /** Deliveries sent to devices; repeats after a reconnect count again. */
  readonly deliveries: Counter
  /** Deliveries dropped because an inbox was full, by class: `news` (receipts, changed contacts and rooms) goes before `message`. */
  readonly inboxDrops: Counter<'class'>
  /** Workers replaced after a fault. */
  readonly workerRestarts: Counter
  /** Commits that had to be decided again because a fact had changed. */
  readonly conflicts: Counter
  /** Groups of commits that had to be planned again because another worker had written first. */
  readonly replans: Counter
  /** Requests that failed by a fault of ours; each is in the log. */
  readonly faults: Counter
  /** Push notifications by provider (`none` before one is chosen) and what became of them; see `PushOutcome`. */
  readonly pushes: Counter<'provider' | 'outcome'>
  /** What waits in the outbox now, by node and kind. */
  readonly outboxEntries: Gauge<'node' | 'kind'>
  /** For how long the oldest notice has waited, seconds. */
  readonly outboxAge: Gauge<'node'>
  /** From handing a commit to the store until it is durable, seconds. */
  readonly commitSeconds: Histogram
  readonly contentType: string
  /** Everything, and what is known of the process, in Prometheus' text format. */
  render(): Promise<string>
}

/** Metrics of one server, all at zero; two servers in one process do not share them. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    connections: new Gauge({
      registers,
      name: 'nynja_connections',
      help: 'Connections open now, by listener',
      labelNames: ['listener'],
    }),
    connects: new Counter({ registers, name: 'nynja_connects_total', help: 'CONNECT packets, by outcome', labelNames: ['outcome'] }),
    publishes: new Counter({
      registers,
      name: 'nynja_publishes_total',
      help: 'PUBLISH packets received, by kind of topic',
      labelNames: ['kind'],
    }),
    denied: new Counter({
      registers,
      name: 'nynja_denied_total',
      help: 'Publishes and subscriptions refused, by rule',
      labelNames: ['because'],
    }),
    requests: new Counter({
      registers,
      name: 'nynja_requests_total',
      help: 'Requests executed, by record and outcome',
      labelNames: ['record', 'outcome'],
    }),
    deliveries: new Counter({ registers, name: 'nynja_deliveries_total', help: 'Deliveries sent to devices' }),
    inboxDrops: inboxDropsMetric(registers),
    workerRestarts: new Counter({ registers, name: 'nynja_worker_restarts_total', help: 'Workers replaced after a fault' }),
    conflicts: new Counter({ registers, name: 'nynja_commit_conflicts_total', help: 'Commits decided again because a fact had changed' }),
    replans: new Counter({ registers, name: 'nynja_commit_replans_total', help: 'Groups of commits planned again behind another worker' }),
    faults: new Counter({ registers, name: 'nynja_faults_total', help: 'Requests that failed by a fault of the server' }),
    ...exhaustionMetrics(registers),
    ...outboxMetrics(registers),
    commitSeconds: new Histogram({
      registers,
      name: 'nynja_commit_seconds',
      help: 'Time until a commit is durable',
      buckets: latencyBuckets,
    }),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  }
}

function exhaustionMetrics(registers: Registry[]): Pick<Metrics, 'refusedConnections' | 'exhausted'> {
  return {
    refusedConnections: new Counter({
      registers,
      name: 'nynja_connections_refused_total',
      help: 'Connections turned away, by what was lacking or what they had not shown',
      labelNames: ['because'],
    }),
    exhausted: new Gauge({ registers, name: 'nynja_exhausted', help: '1 for what the server has run out of', labelNames: ['resource'] }),
  }
}

/** Both classes from the start: a series that begins with its first drop hides that drop from a rate. */
function inboxDropsMetric(registers: Registry[]): Metrics['inboxDrops'] {
  const drops = new Counter({
    registers,
    name: 'nynja_inbox_drops_total',
    help: 'Deliveries dropped because an inbox was full, by class',
    labelNames: ['class'],
  })
  for (const kind of ['news', 'message']) drops.inc({ class: kind }, 0)
  return drops
}

function outboxMetrics(registers: Registry[]): Pick<Metrics, 'pushes' | 'outboxEntries' | 'outboxAge'> {
  return {
    pushes: new Counter({
      registers,
      name: 'nynja_push_total',
      help: 'Push notifications, by provider and what became of them',
      labelNames: ['provider', 'outcome'],
    }),
    outboxEntries: new Gauge({
      registers,
      name: 'nynja_outbox_entries',
      help: 'Entries that wait in the outbox, by node and kind',
      labelNames: ['node', 'kind'],
    }),
    outboxAge: new Gauge({
      registers,
      name: 'nynja_outbox_oldest_seconds',
      help: 'For how long the oldest notice in the outbox has waited',
      labelNames: ['node'],
    }),
  }
}
