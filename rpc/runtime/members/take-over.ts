import type { Check, Fence, Opening, Store } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { clusterMembers, online } from '../../documents/index.js'

/** A device that was connected to a dead process. */
export interface LeftDevice {
  readonly dead: string
  readonly client: ClientId
  readonly phone: Phone
  /** Its inbox as it was found: whoever opens it meanwhile has the device. */
  readonly fence: Fence
  /** Gives the inbox up, if nobody has yet. */
  readonly opens: readonly Opening[]
}

export interface TakeOverWorld {
  readonly store: Store
  /** Boot of the heir: this process. */
  readonly heir: string
  readonly isLive: (boot: string) => boolean
  /** Announces that a device is gone, if it is; resolves whether or not it could. What could not be done is met again. */
  readonly depart: (device: LeftDevice) => Promise<void>
  /** Makes the outbox entries of the dead process those of the heir. @returns false once `heirship` no longer holds */
  readonly adopt: (dead: string, heirship: Check) => Promise<boolean>
  /** Between pages: lets requests go first. */
  readonly pause: () => Promise<void>
  readonly isStopped: () => boolean
}

const pageRows = 100
/** Departures under way at a time. */
const atOnce = 16

/**
 * Sees to what a dead process has left: its outbox entries become the heir's, its devices are announced as gone where they have not connected
 * elsewhere. Every commit rests on the document that makes this process the heir.
 * @returns whether nothing is left; false also if this process is the heir no more
 */
export async function takeOver(dead: string, world: TakeOverWorld): Promise<boolean> {
  const heirship = await readHeirship(dead, world)
  if (heirship === undefined || !(await world.adopt(dead, heirship))) return false
  const prefix = online.prefix(dead)
  for (let after: string | undefined; ;) {
    if (world.isStopped() || (await readHeirship(dead, world)) === undefined) return false
    const rows = await world.store.scan(prefix, { limit: pageRows, ...(after === undefined ? {} : { after }) })
    const clients = rows.map(({ key, value }) => ({ client: online.partsOf(key)[1], phone: online.decode(value).phone }))
    for (let first = 0; first < clients.length; first += atOnce) {
      await Promise.all(clients.slice(first, first + atOnce).map(({ client, phone }) => departOne({ dead, client, phone }, world)))
    }
    after = rows.at(-1)?.key
    if (after === undefined || rows.length < pageRows) break
    await world.pause()
  }
  return (await world.store.scan(prefix, { limit: 1 })).length === 0
}

/** The document by which this process is the heir. */
async function readHeirship(dead: string, { store, heir }: TakeOverWorld): Promise<Check | undefined> {
  const key = clusterMembers.key('all', dead)
  const was = await store.get(key)
  return was !== undefined && clusterMembers.decode(was).heir === heir ? { key, was } : undefined
}

/** A device whose inbox a living process has opened is about to arrive there: its row goes with its arrival, or is met again. */
async function departOne(found: Pick<LeftDevice, 'dead' | 'client' | 'phone'>, { store, isLive, depart }: TakeOverWorld): Promise<void> {
  const { dead, client } = found
  const head = await store.inboxHead(client)
  const holder = head?.holder ?? ''
  if (holder !== '' && holder !== dead && isLive(holder)) return
  await depart({ ...found, fence: { client, epoch: head?.epoch ?? 0 }, opens: holder === '' ? [] : [{ client, holder: '' }] })
}
