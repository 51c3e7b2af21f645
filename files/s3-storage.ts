import type * as S3 from '@aws-sdk/client-s3'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type FileKey, FilesOutage } from '../rpc/index.js'
import { isAbsent, orOutage } from './durable.js'
import type { FileStorage, StoredFile } from './file-storage.js'
import { unknownType } from './safe-type.js'

export interface S3Options {
  /** URL of a service that speaks S3; Amazon's own where it is not given. */
  readonly endpoint?: string
  readonly region: string
  readonly bucket: string
  /** What the names of the objects begin with. */
  readonly prefix: string
  /** Where not given, the client library looks for them as it always does (environment, role of the machine). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const connectMs = 5_000
/** Without a byte. */
const silentMs = 30_000
const attempts = 3

/**
 * Files as objects of a bucket: one request each, the name and the type as metadata of the object. The bucket must be there. The library is
 * large, and loaded only here.
 */
export async function openS3Storage({ bucket, prefix, ...options }: S3Options): Promise<FileStorage> {
  const sdk = await import('@aws-sdk/client-s3')
  const client = newClient(sdk, options)
  const ifMissing = missingIn(sdk)
  const objectOf = (key: FileKey): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: `${prefix}${key}` })

  async function find(key: FileKey): Promise<StoredFile | undefined> {
    const head = await client.send(new sdk.HeadObjectCommand(objectOf(key))).catch(ifMissing)
    return head === undefined ? undefined : { ...aboutOf(head), size: head.ContentLength ?? 0 }
  }

  async function put(key: FileKey, file: FileHandle, { filename, type }: { filename: string; type: string }): Promise<void> {
    const { size } = await file.stat()
    const body = file.createReadStream({ start: 0, autoClose: false })
    const Metadata = { filename: encodeURIComponent(filename) }
    await client.send(new sdk.PutObjectCommand({ ...objectOf(key), Body: body, ContentLength: size, ContentType: type, Metadata }))
  }

  return {
    keep: (key, path, about) =>
      orOutage('keeping an object', async () => {
        const file = await open(path).catch(async (error: unknown) => {
          if (!isAbsent(error) || (await find(key)) === undefined) throw error
        })
        if (file === undefined) return
        await put(key, file, about).finally(() => file.close())
        await unlink(path).catch((error: unknown) => {
          // Another thread has forwarded it, too.
          if (!isAbsent(error)) throw error
        })
      }),
    find: (key) => orOutage('looking for an object', () => find(key)),
    read: (key, { first, last }) =>
      orOutage('reading an object', async () => {
        const Range = `bytes=${String(first)}-${String(last)}`
        const got = await client.send(new sdk.GetObjectCommand({ ...objectOf(key), Range })).catch(ifMissing)
        if (!(got?.Body instanceof Readable)) return undefined
        if (got.ContentLength === last - first + 1) return got.Body
        got.Body.destroy()
        throw new FilesOutage(`asked for ${Range}, the service answered ${String(got.ContentLength)} bytes`)
      }),
    remove: (key) =>
      orOutage('removing an object', async () => {
        await client.send(new sdk.DeleteObjectCommand(objectOf(key)))
      }),
    close() {
      client.destroy()
      return Promise.resolve()
    },
  }
}

const quiet = (): void => undefined

function newClient({ S3Client }: Pick<typeof S3, 'S3Client'>, options: Omit<S3Options, 'bucket' | 'prefix'>): S3.S3Client {
  const { endpoint, region, credentials } = options
  return new S3Client({
    region,
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: connectMs, requestTimeout: silentMs, socketTimeout: silentMs },
    // What goes wrong is thrown, and told by who catches it.
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    // Checksums that not every service knows only where the protocol asks for them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  })
}

/** A missing object is an answer; everything else, a missing bucket as well, is an outage. */
function missingIn({ S3ServiceException }: Pick<typeof S3, 'S3ServiceException'>): (error: unknown) => undefined {
  return (error) => {
    const isMissing = error instanceof S3ServiceException && (error.name === 'NotFound' || error.name === 'NoSuchKey')
    if (!isMissing) throw error
    return undefined
  }
}

function aboutOf({ Metadata, ContentType }: S3.HeadObjectCommandOutput): { filename: string; type: string } {
  return { filename: decoded(Metadata?.['filename']) ?? 'file', type: ContentType ?? unknownType }
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    // whoever wrote it, it is no name of ours
    return undefined
  }
}
