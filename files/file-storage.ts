import type { Readable } from 'node:stream'
import type { FileKey } from '../rpc/index.js'

/** What is told of a file to whoever downloads it. */
export interface FileAbout {
  /** As the sender named it: no path, no control characters. */
  readonly filename: string
  /** One of `safeTypes`. */
  readonly type: string
}

export interface StoredFile extends FileAbout {
  readonly size: number
}

/** Bytes of a file from `first` to `last`, both counted from 0 and both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * Where finished files are kept. Promises, each held by the suite `test/files/file-storage-contract.ts`:
 * - **Whole.** A file is found with all its bytes or not at all.
 * - **Durable.** When `keep` resolves, `kill -9` keeps the file; the file at `path` has been taken and is gone.
 * - **Repeatable.** To keep a key again from the same bytes, also when they have been taken already, and to remove one that is not there, succeeds.
 * - **Exact.** `read` gives the bytes of the range, no more and no fewer; a read under way when the file is removed may fail.
 *
 * Every operation throws FilesOutage if the storage cannot be reached or is full, and nothing else.
 */
export interface FileStorage {
  keep(key: FileKey, path: string, about: FileAbout): Promise<void>
  find(key: FileKey): Promise<StoredFile | undefined>
  /** Undefined if the file is not there. The range must lie within it. */
  read(key: FileKey, range: ByteRange): Promise<Readable | undefined>
  remove(key: FileKey): Promise<void>
  /** Ends what it does in the background and its connections. */
  close(): Promise<void>
}
