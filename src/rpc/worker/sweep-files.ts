import type { Row, Store } from '../../store/contract.js'
import { files, fileUsage, type TransferDocument, transfers } from '../documents/index.js'
import { FilesOutage, type TransferFiles } from '../transfer-files.js'

export interface FileSweepWorld {
  readonly store: Store
  readonly files?: TransferFiles | null
}

/**
 * Removes a transfer past its life. First from the store, so that its device cannot finish it meanwhile; what then stays on the disk for lack
 * of time goes with `tidy`.
 */
export async function endTransfer({ store, files: storage }: FileSweepWorld, { key, value }: Row): Promise<boolean> {
  const transfer = transfers.decode(value)
  const isUnfinished = transfer.stored < transfer.size
  const usage = isUnfinished ? await lessUsage(store, transfer, 1) : { checks: [], puts: [] }
  const result = await store.commit({
    checks: [{ key, was: value }, ...usage.checks],
    puts: [{ key, value: undefined }, ...usage.puts],
  })
  if (result.kind === 'conflict') return false
  if (isUnfinished) await isDone(storage?.remove(transfer.file))
  return true
}

/** Removes a file past its life. First its bytes, so that it is tried again until they are gone. */
export async function endFile({ store, files: storage }: FileSweepWorld, { key, value }: Row): Promise<boolean> {
  const [file] = files.partsOf(key)
  if (!(await isDone(storage?.remove(file)))) return false
  const usage = await lessUsage(store, files.decode(value), 0)
  const result = await store.commit({ checks: [{ key, was: value }, ...usage.checks], puts: [{ key, value: undefined }, ...usage.puts] })
  return result.kind === 'committed'
}

/** Whether the storage did it; an outage ends by itself, and the next pass comes by again. */
export async function isDone(removal: Promise<void> | undefined): Promise<boolean> {
  try {
    await removal
    return true
  } catch (error) {
    if (!(error instanceof FilesOutage)) throw error
    return false
  }
}

async function lessUsage(store: Store, { phone, size }: Pick<TransferDocument, 'phone' | 'size'>, unfinished: 0 | 1) {
  const key = fileUsage.key(phone)
  const was = await store.get(key)
  if (was === undefined) return { checks: [], puts: [] }
  const before = fileUsage.decode(was)
  const after = { bytes: Math.max(0, before.bytes - size), unfinished: Math.max(0, before.unfinished - unfinished) }
  const isNothing = after.bytes === 0 && after.unfinished === 0
  return { checks: [{ key, was }], puts: [isNothing ? fileUsage.remove(phone) : fileUsage.put(after, phone)] }
}
