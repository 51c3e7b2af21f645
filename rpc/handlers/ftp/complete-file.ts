import type { Put } from '../../../store/contract.js'
import type { RpcContext } from '../../context.js'
import { files, type TransferDocument, unnamedFiles } from '../../documents/index.js'
import { FilesOutage } from '../../transfer-files.js'

/** A file that is whole can be downloaded; it stays if something that is stored names it in time. */
export function completeFile({ file, phone, size }: TransferDocument, now: number, { limits }: Pick<RpcContext, 'limits'>): readonly Put[] {
  return [files.put({ phone, size }, file), unnamedFiles.put({ until: now + limits.unnamedFileLifeMs }, file)]
}

/** Whether the storage has done it; an outage is told to the device, which tries again. */
export async function isStored(store: () => Promise<void>): Promise<boolean> {
  try {
    await store()
    return true
  } catch (error) {
    if (!(error instanceof FilesOutage)) throw error
    return false
  }
}
