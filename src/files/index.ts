/** The door of `files/`: where the bytes of files lie, unfinished and kept. */
export { type DiskStorage, openDiskStorage } from './disk-storage.js'
export type { ByteRange, FileAbout, FileStorage, StoredFile } from './file-storage.js'
export { type ForwardingListener, type ForwardingStorage, newForwardingStorage } from './forwarding-storage.js'
export { openS3Storage, type S3Options } from './s3-storage.js'
export { safeTypes, unknownType } from './safe-type.js'
export { openTransferFolder, type TransferFolderParts } from './transfer-folder.js'
