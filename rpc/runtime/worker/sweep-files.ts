import type { Check, Put, Row, Store } from '../../../store/contract.js'
import type { RpcLimits } from '../../context.js'
import {
  type FileDocument,
  type FileKey,
  files,
  fileTime,
  fileUsage,
  profiles,
  sessions,
  type TransferDocument,
  transfers,
  unnamedFiles,
} from '../../documents/index.js'
import { isOfSession } from '../../handlers/ftp/own-transfer.js'
import { FilesOutage, type TransferFiles } from '../../transfer-files.js'

export interface FileSweepWorld {
  readonly store: Store
  readonly limits: Pick<RpcLimits, 'transferLifeMs'>
  readonly now: () => number
  readonly files?: TransferFiles | null
}

/**
 * Removes a transfer past its life, or whose session has ended, whoever has the client id since. First from the store, so that its device cannot finish it meanwhile; what then stays on the disk for lack
 * of time goes with `tidy`.
 */
export async function endTransfer({ store, files: storage, limits, now }: FileSweepWorld, { key, value }: Row): Promise<boolean> {
  const transfer = transfers.decode(value)
  const [client] = transfers.partsOf(key)
  const session = await store.get(sessions.key(client))
  const isHeld = isOfSession(transfer, session && sessions.decode(session))
  if (isHeld && now() - transfer.begun < limits.transferLifeMs) return false
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

/**
 * Removes a file that nothing stored has named in its time, or whose account is gone. First nothing may name it any more, then its bytes go,
 * then its rows: a death in between is made good by the next pass.
 */
export async function endUnnamedFile({ store, files: storage, now }: FileSweepWorld, { key, value }: Row): Promise<boolean> {
  const [file] = unnamedFiles.partsOf(key)
  const unnamed = unnamedFiles.decode(value)
  const row = await store.get(files.key(file))
  const document = row && files.decode(row)
  const isOver = document === undefined || unnamed.isGoing === true || now() >= unnamed.until || (await isOrphan(store, file, document))
  if (!isOver) return false
  const going = unnamedFiles.put({ ...unnamed, isGoing: true }, file)
  if (unnamed.isGoing !== true && !(await commitIfUnchanged(store, [{ key, was: value }], [going]))) return false
  if (!(await isDone(storage?.remove(file)))) return false
  const usage = document === undefined ? { checks: [], puts: [] } : await lessUsage(store, document, 0)
  return commitIfUnchanged(
    store,
    [{ key: files.key(file), was: row }, ...usage.checks],
    [...usage.puts, files.remove(file), { key, value: undefined }],
  )
}

/** Whether the account that a file is of is gone; its number may have been registered anew since. */
async function isOrphan(store: Store, file: FileKey, { phone }: FileDocument): Promise<boolean> {
  const row = await store.get(profiles.key(phone))
  return row === undefined || profiles.decode(row).created > fileTime(file)
}

async function commitIfUnchanged(store: Store, checks: readonly Check[], puts: readonly Put[]): Promise<boolean> {
  return (await store.commit({ checks, puts })).kind === 'committed'
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
