import { isRecent, isStillBefore } from '../../../clock/index.js'
import type { Row, Store } from '../../../store/contract.js'
import type { RpcLimits } from '../../context.js'
import {
  addressUsage,
  budgets,
  devices,
  emailLinks,
  files,
  fileTime,
  formerInitTokens,
  migrations,
  pendingSessions,
  formerLocks,
  presences,
  pushHolders,
  roomInvitations,
  serviceAddresses,
  sessions,
  sharedBodies,
  tokenHolders,
  transfers,
  unnamedFiles,
  verifiedSites,
} from '../../documents/index.js'
import { endSessions } from '../../handlers/auth/session-end.js'
import { serviceAddressLifeMs } from '../../handlers/connect/secret-tries.js'
import { invitationLifeMs } from '../../handlers/room/invitation.js'
import { migrationCountMs } from '../../handlers/life/migrate.js'
import type { TransferFiles } from '../../transfer-files.js'
import { connectedClients } from '../../views/connected-devices.js'
import { hashToken } from '../../tokens.js'
import { endFile, endTransfer, endUnnamedFile, isDone } from './sweep-files.js'
import { repeat } from './repeat.js'

/** The tables of which rows expire, in the order in which they are swept. */
export const sweptTables = [
  'pending',
  'init',
  'lock',
  'verified',
  'email',
  'migration',
  'body',
  'session',
  'token',
  'pushHolder',
  'transfer',
  'unnamed',
  'file',
  'address-usage',
  'budget',
  'service-address',
  'room-invitation',
] as const
export type SweptTable = (typeof sweptTables)[number]

/** How many rows of each table a pass has removed. */
export type Swept = Readonly<Record<SweptTable, number>>

export interface SweepWorld {
  readonly store: Store
  readonly limits: Pick<RpcLimits, 'codeLifeMs' | 'emailCodeLifeMs' | 'tokenLifeMs' | 'sessionLifeMs' | 'transferLifeMs' | 'fileLifeMs'>
  /** Whether a process serves its devices: presence that names another one is void. */
  readonly isLive: (boot: string) => boolean
  readonly now: () => number
  /** Where the bytes of files are; they go with their rows. */
  readonly files?: TransferFiles | null
  /** Between pages: lets requests go first. */
  readonly pause: () => Promise<void>
  /** Rows of a page; 100 by default. */
  readonly pageRows?: number
  /** Pages of one table in one pass; the next pass goes on from there. 200 by default. */
  readonly pagesPerPass?: number
}

/** Removes what has expired. Nothing rests on it: whoever reads an expired row treats it as absent. */
export interface Sweep {
  /** One pass over all tables, bounded. @throws StoreOutage, after which the next pass goes on where this one was */
  pass(): Promise<Swept>
  /** Ends the pass under way after its page; later passes do nothing. */
  stop(): Promise<void>
}

/** Deliveries older than this may lose a body that they share with others; the Profile and the History still tell of it. */
const bodyLifeMs = 30 * 24 * 60 * 60_000

/** Which session has a push token is looked at no sooner after it was reported. */
const pushHolderRestMs = 24 * 60 * 60_000
const dayMs = 24 * 60 * 60_000

/** Whether a row may go. @see docs/decisions/0062-a-sweep-for-what-has-expired.md */
export function isExpired(name: SweptTable, { key, value }: Row, now: number, limits: SweepWorld['limits']): boolean {
  switch (name) {
    case 'pending':
      return !isStillBefore(pendingSessions.decode(value).expires, limits.codeLifeMs, now)
    case 'init':
      return now - formerInitTokens.decode(value).issued >= limits.tokenLifeMs
    case 'email':
      return !isStillBefore(emailLinks.decode(value).expires, limits.emailCodeLifeMs, now)
    case 'migration': {
      // Codes sent lately are counted, whether or not they are good.
      const { expires, asked } = migrations.decode(value)
      return !isStillBefore(expires, limits.codeLifeMs, now) && !asked.some((at) => isRecent(at, migrationCountMs, now))
    }
    case 'body':
      return now - bodyTime(key) >= bodyLifeMs
    case 'session':
      return now - sessions.decode(value).lastOnline >= limits.sessionLifeMs
    case 'token':
      // A session that lives has been used since; if still with this token, the next CONNECT writes the row anew.
      return now - tokenHolders.decode(value).issued >= limits.tokenLifeMs + limits.sessionLifeMs
    case 'pushHolder':
      // Whether its session still has the token is looked at when it goes.
      return now - pushHolders.decode(value).reported >= pushHolderRestMs
    case 'lock':
      return true
    case 'verified':
      return now - (verifiedSites.decode(value).at(-1)?.at ?? 0) >= limits.sessionLifeMs
    case 'transfer':
    case 'unnamed':
      // They also go with the account that they are of, which is looked at when they go.
      return true
    case 'address-usage':
      return now >= (addressUsage.decode(value).day + 2) * dayMs
    case 'budget':
      return now >= budgets.decode(value)
    case 'service-address':
      return !isRecent(serviceAddresses.decode(value), serviceAddressLifeMs, now)
    case 'room-invitation':
      return !isRecent(roomInvitations.decode(value).at, invitationLifeMs, now)
    case 'file':
      return now - fileTime(files.partsOf(key)[0]) >= limits.fileLifeMs
  }
}

/** When a body was stored: its id begins with the time; one that does not is kept. */
function bodyTime(key: string): number {
  const [id] = sharedBodies.partsOf(key)
  return /^\d{13}/.test(id) ? Number(id.slice(0, 13)) : Infinity
}

const tables = {
  pending: pendingSessions,
  init: formerInitTokens,
  lock: formerLocks,
  verified: verifiedSites,
  email: emailLinks,
  migration: migrations,
  body: sharedBodies,
  session: sessions,
  token: tokenHolders,
  pushHolder: pushHolders,
  transfer: transfers,
  unnamed: unnamedFiles,
  file: files,
  'address-usage': addressUsage,
  budget: budgets,
  'service-address': serviceAddresses,
  'room-invitation': roomInvitations,
} as const

export function newSweep(world: SweepWorld): Sweep {
  const { store, limits, now, pause, pageRows = 100, pagesPerPass = 200 } = world
  /** The row behind which the next page of a table begins. */
  const places = new Map<SweptTable, string>()
  let isStopped = false
  let running: Promise<unknown> = Promise.resolve()

  async function sweepTable(name: SweptTable): Promise<number> {
    let removed = 0
    for (let page = 0; page < pagesPerPass && !isStopped; page++) {
      const after = places.get(name)
      const rows = await store.scan(tables[name].prefix(), { limit: pageRows, ...(after === undefined ? {} : { after }) })
      const expired = rows.filter((row) => isExpired(name, row, now(), limits))
      removed += await removeExpired(world, name, expired)
      const last = rows.at(-1)
      // Bodies and files lie in the order of their times: behind one that is young enough are only younger ones.
      const isEnd = last === undefined || rows.length < pageRows || ((name === 'body' || name === 'file') && expired.length < rows.length)
      if (isEnd) places.delete(name)
      else places.set(name, last.key)
      await pause()
      if (isEnd) break
    }
    return removed
  }

  async function sweepAll(): Promise<Swept> {
    const swept = Object.fromEntries(sweptTables.map((name) => [name, 0])) as Record<SweptTable, number>
    for (const name of sweptTables) swept[name] = await sweepTable(name)
    await isDone(world.files?.tidy(now() - 2 * limits.transferLifeMs))
    return swept
  }

  return {
    pass() {
      const pass = running.then(sweepAll)
      running = pass.catch(() => undefined) // whoever asked for the pass is told
      return pass
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/** Removes rows that are still as they were read; where one has changed meanwhile all stay until they are met again. */
async function remove(store: Store, rows: readonly Row[]): Promise<number> {
  if (rows.length === 0) return 0
  const result = await store.commit({
    checks: rows.map(({ key, value }) => ({ key, was: value })),
    puts: rows.map(({ key }) => ({ key, value: undefined })),
  })
  return result.kind === 'committed' ? rows.length : 0
}

/** Rows that stand for more than themselves go one by one, with what they stand for. */
const ends: Partial<Record<SweptTable, (world: SweepWorld, row: Row) => Promise<boolean>>> = {
  session: endSession,
  pushHolder: endPushHolder,
  transfer: endTransfer,
  unnamed: endUnnamedFile,
  file: endFile,
}

async function removeExpired(world: SweepWorld, name: SweptTable, rows: readonly Row[]): Promise<number> {
  const end = ends[name]
  if (end === undefined) return remove(world.store, rows)
  let ended = 0
  for (const row of rows) if (await end(world, row)) ended++
  return ended
}

/** Logs a device out, unless it is connected or connects meanwhile, which changes its session. */
async function endSession({ store, isLive }: SweepWorld, { key, value }: Row): Promise<boolean> {
  const { phone } = sessions.decode(value)
  const [client] = sessions.partsOf(key)
  const [presence, list] = await store.getMany([presences.key(phone), devices.key(phone)])
  if (connectedClients(presence && presences.decode(presence), isLive).includes(client)) return false
  const { puts, clearInboxes } = endSessions(phone, list === undefined ? { clients: [] } : devices.decode(list), [client], 'unused')
  const checks = [
    { key, was: value },
    { key: devices.key(phone), was: list },
  ]
  const result = await store.commit({ checks, puts, clearInboxes })
  return result.kind === 'committed'
}

/** Forgets whose a push token is, once that session is gone or has another one. */
async function endPushHolder({ store }: SweepWorld, row: Row): Promise<boolean> {
  const [tokenHash] = pushHolders.partsOf(row.key)
  const { client } = pushHolders.decode(row.value)
  const session = await store.get(sessions.key(client))
  const push = session && sessions.decode(session).push
  if (typeof push === 'string' && hashToken(push) === tokenHash) return false
  return (await remove(store, [row])) === 1
}

const firstPassMs = 60_000
const passEveryMs = 60 * 60_000

/**
 * Runs passes for as long as the worker lives: the first after a minute, when the devices that were connected before a restart are back, then
 * every hour.
 * @returns what ends it, once the pass under way has ended
 */
export function startSweeping(sweep: Sweep, { onSwept, onFault }: SweepListener): () => Promise<void> {
  const passes = repeat(firstPassMs, async () => {
    await sweep.pass().then(onSwept, onFault)
    return passEveryMs
  })
  return async () => {
    passes.stop()
    await sweep.stop()
  }
}

export interface SweepListener {
  readonly onSwept: (swept: Swept) => void
  readonly onFault: (fault: unknown) => void
}
