import type { FileKey } from './documents/index.js'

/** The bytes of files that devices send. How many of them count is for the documents to say. */
export interface TransferFiles {
  /** Whether the first `length` bytes of an unfinished file, or the whole file, are there. */
  holds(file: FileKey, length: number): Promise<boolean>
  /**
   * Writes bytes at an offset; they are durable when it resolves. At offset 0 the file begins anew. To repeat a write is harmless.
   * @throws FilesOutage
   */
  write(file: FileKey, offset: number, bytes: Uint8Array): Promise<void>
  /** Lets a file that has been written as a whole be downloaded under its URL; durable when it resolves, harmless to repeat. @throws FilesOutage */
  keep(file: FileKey, filename: string): Promise<void>
  /** Removes a file, unfinished or kept; one that is not there is no fault. @throws FilesOutage */
  remove(file: FileKey): Promise<void>
  /** Removes what was written of files nobody has added to since `before` (ms), and moves on what has not reached its last place. */
  tidy(before: number): Promise<void>
  /** Where the file is downloaded. */
  urlOf(file: FileKey): string
}

/** The files cannot be reached now: disk full, object storage away. Whoever can retry catches it. */
export class FilesOutage extends Error {
  override readonly name = 'FilesOutage'
}
