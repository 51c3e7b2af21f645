import {
  type FileStorage,
  type ForwardingListener,
  ForwardingStorage,
  openDiskStorage,
  openS3Storage,
  openTransferFolder,
} from '../files/index.js'
import { filePath, type TransferFiles } from '../rpc/index.js'
import type { Options } from './options-table.js'

/** A storage that is open, and what it has to do from time to time. */
export interface OpenedStorage {
  readonly storage: FileStorage
  readonly catchUp: () => Promise<void>
}

const nothing = (): Promise<void> => Promise.resolve()

/** The storage the options name: the data folder, or object storage behind it. Every thread has its own. @throws FilesOutage */
export async function openStorage(options: Options, listener: ForwardingListener): Promise<OpenedStorage> {
  const disk = await openDiskStorage(`${options.dataDir}/files`)
  if (options.filesStorage === 'disk') return { storage: disk, catchUp: nothing }
  const forwarding = new ForwardingStorage(disk, await openBucket(options), listener)
  return { storage: forwarding, catchUp: () => forwarding.forwardAll() }
}

function openBucket(options: Options): Promise<FileStorage> {
  const { filesS3Endpoint, filesS3Region, filesS3Bucket, filesS3Prefix, filesS3AccessKey, filesS3SecretKey } = options
  return openS3Storage({
    region: filesS3Region,
    bucket: filesS3Bucket,
    prefix: filesS3Prefix,
    ...(filesS3Endpoint === '' ? {} : { endpoint: filesS3Endpoint }),
    ...(filesS3AccessKey === '' ? {} : { credentials: { accessKeyId: filesS3AccessKey, secretAccessKey: filesS3SecretKey } }),
  })
}

export interface OpenTransfersParts {
  readonly url: string
  /** Told after each piece of a file why it could not be written, null if it was. */
  readonly onWritten?: (because: string | null) => void
}

/** Where unfinished files lie. @param url what the URLs of files begin with */
export async function openTransfers(
  options: Options,
  { storage, catchUp }: OpenedStorage,
  { url, onWritten = () => undefined }: OpenTransfersParts,
): Promise<TransferFiles> {
  const folder = await openTransferFolder({ folder: `${options.dataDir}/transfers`, storage, url, onTidy: catchUp })
  return {
    ...folder,
    async write(file, offset, bytes) {
      try {
        await folder.write(file, offset, bytes)
        onWritten(null)
      } catch (error) {
        onWritten(outageText(error))
        throw error
      }
    },
  }
}

/** What went wrong and the disk's or the service's own reason, without the names of files. */
export function outageText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const reason = cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.name) : undefined
  return reason === undefined ? error.message : `${error.message}: ${reason}`
}

/** What the URLs of files begin with; null where nobody could download them. */
export function filesUrl({ filesUrl: given, host }: Options, httpPort: number | 'off'): string | null {
  if (given !== '') return given.replace(/\/*$/, filePath)
  if (httpPort === 'off') return null
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${String(httpPort)}${filePath}`
}
