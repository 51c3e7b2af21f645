import { monotonicMs, wallMs } from '../../../clock/index.js'
import { type AnyRecord, encode } from '../../../protocol/index.js'
import { newFactReader } from '../../fact-reader.js'
import { emptyOverlay, type FactReader } from '../../facts.js'
import { writeAnswer, writeSettled } from '../link/to-main.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { shownRecord } from '../../names/rename-record.js'
import type { Outbox } from '../outbox/outbox.js'
import { newReadCache } from '../../read-cache.js'
import { type Counts, newCounts } from './counts.js'
import { Arrivals } from './arrivals.js'
import { ClusterOutlet, type ClusterParts } from './cluster-outlet.js'
import { Reception } from './reception.js'
import { newWorkerOutbox } from './worker-outbox.js'
import type { WorkerParts } from './worker-parts.js'
import type { EmitWorld } from './emit.js'
import { newEmitWorld } from './emit-world.js'
import { newMissedDepartures } from './missed-departures.js'
import type { Members } from '../members/members.js'
import { removeFormerRows } from '../members/former-rows.js'
import { type Departures, newDepartures } from './departures.js'
import { newMembership } from './membership.js'
import { type KnownNames, newKnownNames } from './known-names.js'
import { type Lanes, newLanes } from './lanes.js'
import { Outlet } from './outlet.js'
import { tellFault } from './tell-fault.js'
import { newOutcomeTeller } from './tell-outcome.js'
import { newPagePlaces } from './page-places.js'
import { newPageTeller } from './tell-page.js'
import { disconnectedItem, lostItem, type NamedItem, remainedItem, type RequestWorld } from './requests.js'
import type { BatchWorld } from './batch.js'
import { unavailable } from './run-batch.js'
import { newRunItems, type RunItems } from './run-items.js'
import { startScheduled } from './scheduled.js'
import { writeSettlements } from './write-settlements.js'
import { newSettlements, type Settlements } from './settlements.js'
import type { Share } from './share.js'
import { newTransfers, type Transfers } from './transfers.js'
import { encodingFor, type WorkerConnection } from './worker-connection.js'

const cachedDocuments = 4_000
const settleDelayMs = 100
const settleLimit = 1_000
const countsEveryMs = 1_000

/** Lets requests go first. */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One node of the ring, without the thread it runs in. */
export class RpcWorker {
  readonly #parts: WorkerParts
  readonly #names: KnownNames
  readonly #outlet: Outlet
  readonly #counts: Counts
  readonly #outbox: Outbox
  readonly #settlements: Settlements
  readonly #lanes: Lanes
  readonly #transfers: Transfers
  readonly #batchWorld: BatchWorld
  readonly #emitWorld: EmitWorld
  readonly #requestWorld: RequestWorld
  readonly #runItems: RunItems
  readonly #countTimer: NodeJS.Timeout
  readonly #stopScheduled: () => Promise<void>
  readonly #connections = new Map<number, WorkerConnection>()
  /** The connection whose acknowledgements count for the inbox of a client. */
  readonly #latest = new Map<string, number>()
  readonly #arrivals: Arrivals
  readonly #missed = newMissedDepartures({
    lanes: () => this.#lanes,
    isBack: (client) => this.#latest.has(client),
    run: (item) => this.#runAlone(item),
  })
  readonly #places = newPagePlaces()
  readonly #reception: Reception
  readonly #departures: Departures
  /** Null for a process that has its store for itself. */
  readonly #members: Members | null
  readonly #clusterOutlet: ClusterOutlet | null

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#names = newKnownNames(parts.store)
    this.#outlet = new Outlet(parts.post, parts.underWay)
    this.#counts = newCounts(this.#control, () => this.#outbox.depth)
    this.#countTimer = setInterval(() => {
      this.#counts.tell()
      parts.onOutbox?.(this.#outbox.isFull)
    }, countsEveryMs)
    const { cluster } = parts
    this.#clusterOutlet = cluster === null ? null : this.#newClusterOutlet(cluster)
    this.#settlements = this.#newSettlements()
    this.#outbox = newWorkerOutbox({
      ...{ parts, outlet: this.#outlet, names: this.#names, counts: this.#counts, newReader: this.#newReader, onFault: this.#onFault },
      answer: (number, record) => {
        this.#answer(number, record)
      },
    })
    this.#batchWorld = this.#newBatchWorld()
    this.#emitWorld = newEmitWorld({
      ...{ parts, outlet: this.#outlet, outbox: this.#outbox, names: this.#names },
      ...{ cluster: this.#clusterOutlet, connections: this.#connections },
    })
    this.#runItems = newRunItems({
      ...{ ...parts, names: this.#names, counts: this.#counts, outlet: this.#outlet, places: this.#places },
      ...{ batch: this.#batchWorld, emit: this.#emitWorld, onFault: this.#onFault },
    })
    this.#requestWorld = { context: parts.context, names: this.#names, now: wallMs }
    this.#lanes = newLanes(this.#runItems, this.#onFault, { isHeldUp: () => this.#outlet.isCongested })
    this.#arrivals = this.#newArrivals()
    this.#departures = this.#newDepartures()
    this.#members = cluster === null ? null : this.#newMembership(cluster)
    this.#transfers = this.#newTransfers()
    this.#reception = this.#newReception()
    this.#outbox.takeUp().catch(this.#onFault)
    this.#stopScheduled = parts.sweeps ? this.#startScheduled() : () => Promise.resolve()
  }

  /** Joins the cluster, if there is one; before that, nothing may be received. @throws StoreOutage */
  async start(): Promise<void> {
    const { sweeps, store, context } = this.#parts
    if (this.#members !== null) {
      await this.#members.join()
      this.#members.start()
    } else if (sweeps) removeFormerRows(store, context.boot, pause).catch(this.#onFault)
  }

  /** @see Reception */
  receive(message: Uint8Array | ControlToWorker): void {
    this.#reception.receive(message)
  }

  /** The store serves again, after it had lacked something: what could not be stored of who came and went is made up for. */
  storeServes(): void {
    this.#announceAgain()
    this.#missed.makeUp()
  }

  /** Finishes what it has been given, writes the marks it still holds. */
  async stop(): Promise<void> {
    clearInterval(this.#countTimer)
    await this.#stopScheduled()
    this.#departures.stop()
    await this.#members?.stop()
    await this.#lanes.idle()
    await this.#outbox.stop()
    await this.#settlements.flush()
    this.#counts.tell()
    this.#outlet.flush()
    this.#clusterOutlet?.flush()
  }

  /** @param share of whoever it is done for; left out where nobody waits for it */
  async #runAlone(item: NamedItem, share?: Share): Promise<void> {
    await this.#runItems([item], { clientId: item.asker.clientId, marks: undefined, ...(share === undefined ? {} : { share }) })
  }

  readonly #control = (message: ControlToMain): void => {
    this.#outlet.control(message)
  }

  readonly #newReader = (): FactReader => this.#newFacts().reader

  readonly #newFacts = (): ReturnType<typeof newFactReader> => newFactReader({ ...this.#batchWorld, overlay: emptyOverlay() })

  /** What is stored of the devices that are connected may be untrue. */
  readonly #announceAgain = (): void => {
    for (const connection of this.#connections.values()) {
      const run = (share: Share): Promise<void> => this.#runAlone(remainedItem(connection, this.#requestWorld), share)
      this.#lanes.add(connection.clientId, { kind: 'step', run })
    }
  }

  #newArrivals(): Arrivals {
    const { store, services, context } = this.#parts
    return new Arrivals({
      ...{ store, services, context, names: this.#names, lanes: this.#lanes, settlements: this.#settlements },
      ...{ cluster: this.#clusterOutlet, connections: this.#connections, latest: this.#latest, onFault: this.#onFault },
      patienceMs: this.#parts.requestDeadlineMs,
      newFacts: this.#newFacts,
      control: this.#control,
    })
  }

  readonly #isLive = (boot: string): boolean => (this.#members === null ? boot === this.#parts.context.boot : this.#members.isLive(boot))

  readonly #onFault = (fault: unknown): void => {
    tellFault(fault, this.#counts, this.#parts.post)
  }

  #newSettlements(): Settlements {
    const { store } = this.#parts
    return newSettlements({
      write: (settlements) => writeSettlements(store, settlements),
      onReleased: (client, releasedTo) => {
        writeSettled(this.#outlet.frame, client, releasedTo)
        this.#outlet.touch()
      },
      delayMs: settleDelayMs,
      limit: settleLimit,
      onFault: this.#onFault,
    })
  }

  #newClusterOutlet({ bus }: ClusterParts): ClusterOutlet {
    const { context, node } = this.#parts
    return new ClusterOutlet(context.boot, node, { bus, variantsElsewhere: () => this.#members?.variantsElsewhere() ?? 0 })
  }

  #newDepartures(): Departures {
    const { store, presenceGraceMs, cluster } = this.#parts
    return newDepartures({
      ...{ store, now: wallMs, graceMs: presenceGraceMs, isMember: cluster !== null },
      add: (client, run) => {
        this.#lanes.add(client, { kind: 'departure', run })
      },
      isBack: (client) => this.#latest.has(client),
      lose: (connection) => this.#giveUp(lostItem(connection, this.#requestWorld)),
      announce: (connection, fence) => this.#giveUp(disconnectedItem(connection, this.#requestWorld, fence)),
      onLeft: ({ number }) => {
        this.#outlet.control({ kind: 'left', connection: number })
      },
    })
  }

  /** What the device has acknowledged is written first: what comes later from whoever held an inbox before is passed over. */
  async #giveUp(item: NamedItem): Promise<void> {
    await this.#settlements.flush()
    await this.#runAlone(item)
  }

  #newMembership({ membership: rules }: ClusterParts): Members {
    const { store, context, sweeps: isKeeper, variantsInUse, post } = this.#parts
    return newMembership({
      ...{ store, boot: context.boot, rules, isKeeper, variantsInUse, outbox: this.#outbox, post, onFault: this.#onFault, pause },
      run: (item) => this.#runAlone(item),
      onLost: this.#announceAgain,
    })
  }

  #startScheduled(): () => Promise<void> {
    const { store, post } = this.#parts
    const run = (item: NamedItem): Promise<void> => this.#runAlone(item)
    return startScheduled({ store, requests: this.#requestWorld, isLive: this.#isLive, run, post, onFault: this.#onFault, pause })
  }

  #newReception(): Reception {
    const shared = { outlet: this.#outlet, names: this.#names, connections: this.#connections, newReader: this.#newReader }
    return new Reception({
      ...shared,
      ...{ lanes: this.#lanes, arrivals: this.#arrivals, departures: this.#departures, settlements: this.#settlements },
      ...{ transfers: this.#transfers, outbox: this.#outbox, latest: this.#latest, requests: this.#requestWorld },
      cache: this.#batchWorld.cache,
      tellPage: newPageTeller({ ...shared, store: this.#parts.store, places: this.#places }),
      runAlone: (item, share) => this.#runAlone(item, share),
    })
  }

  #newTransfers(): Transfers {
    return newTransfers({
      ...this.#requestWorld,
      node: this.#parts.node,
      lanes: this.#lanes,
      batch: this.#batchWorld,
      newReader: () => this.#newReader(),
      deadlineMs: this.#parts.requestDeadlineMs,
      control: this.#control,
    })
  }

  #answer(number: number, record: AnyRecord): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    const payload = encode(shownRecord(record, this.#names.names), encodingFor(connection))
    writeAnswer(this.#outlet.frame, { connection: number, topic: connection.actionsTopic, qos: 1, payload })
    this.#outlet.touch()
  }

  #newBatchWorld(): BatchWorld {
    const { store, context } = this.#parts
    return {
      store,
      cache: newReadCache(cachedDocuments),
      ...{ boot: context.boot, isLive: this.#isLive, date: wallMs, strangersLearn: context.strangersLearn },
      ...{ newId: this.#outbox.newId, takesNotices: this.#outbox.takesNotices },
      ...{ onFault: this.#onFault, onConflict: this.#counts.conflict, onDropped: this.#counts.dropped },
      onOutcome: newOutcomeTeller(this.#counts, this.#control),
      onMissed: (item) => {
        this.#missed.note(item as NamedItem)
      },
      onLack: ({ asker }, outage) => {
        this.#answer(asker.connection, unavailable(outage))
      },
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      elapsed: monotonicMs,
    }
  }
}
