import type { StoreReader } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'

/** What is known of a send whose acknowledgement is looked for. */
export interface SentThing {
  /** Its number in the inbox of each device; undefined after a restart. */
  readonly numbers: ReadonlyMap<string, number> | undefined
  /** Id of the message that the inbox entries refer to; 0 where they hold something else. */
  readonly entryMessage: number
}

const pageEntries = 200
const pageBytes = 1024 * 1024

/**
 * Whether one of the devices has acknowledged a send (PUBREC counts: the device has it). By its number in the inbox; after a restart by the
 * message it refers to, and where it refers to none only a device that owes nothing at all has acknowledged it. What a full inbox has dropped is
 * acknowledged by nobody.
 */
export async function isAcknowledged(store: StoreReader, devices: readonly ClientId[], sent: SentThing): Promise<boolean> {
  for (const device of devices) if (await hasAcknowledged(store, device, sent)) return true
  return false
}

async function hasAcknowledged(store: StoreReader, device: ClientId, { numbers, entryMessage }: SentThing): Promise<boolean> {
  const head = await store.inboxHead(device)
  if (head === undefined) return false
  const received = Math.max(head.settledTo, head.releasedTo)
  if (numbers !== undefined) {
    const number = numbers.get(device)
    return number !== undefined && received >= number && !isWithin(number, head.lost?.from, head.lost?.to)
  }
  if (entryMessage === 0) return received >= head.last && head.lost?.to !== head.last
  return !isWithin(entryMessage, head.lost?.fromId, head.lost?.toId) && !(await owes(store, device, { after: received, entryMessage }))
}

function isWithin(number: number, from = Infinity, to = -Infinity): boolean {
  return number >= from && number <= to
}

async function owes(
  store: StoreReader,
  device: ClientId,
  { after, entryMessage }: { readonly after: number; readonly entryMessage: number },
): Promise<boolean> {
  const entries = await store.inboxPage(device, { after, limit: pageEntries, bytes: pageBytes })
  if (entries.some(({ messageId }) => messageId === entryMessage)) return true
  const last = entries.at(-1)
  return last !== undefined && owes(store, device, { after: last.number, entryMessage })
}
