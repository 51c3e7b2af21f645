import type { Bytes, Key, Put } from '../../store/contract.js'
import { packr } from './packr.js'

/**
 * A table of stored documents: how its keys are made and what its rows hold. Documents are plain data (no undefined, no class),
 * stored as MessagePack maps, unless the table has a codec of its own.
 */
export interface Table<KeyParts extends readonly string[], Document> {
  readonly name: string
  key(...parts: KeyParts): Key
  /** Prefix of all keys that begin with `parts`, for scans. */
  prefix(...parts: readonly string[]): string
  /** The parts a key of this table was made of. */
  partsOf(key: Key): KeyParts
  encode(document: Document): Bytes
  decode(bytes: Bytes): Document
  put(document: Document, ...parts: KeyParts): Put
  remove(...parts: KeyParts): Put
}

/** How the documents of a table become bytes. */
export interface DocumentCodec<Document> {
  encode(document: Document): Bytes
  decode(bytes: Bytes): Document
}

function maps<Document>(): DocumentCodec<Document> {
  return { encode: (document) => packr.pack(document), decode: (bytes) => packr.unpack(bytes) as Document }
}

/** Defines a table. Key parts must not hold `/`; ids of the protocol never do, free text is hashed first. */
export function table<KeyParts extends readonly string[], Document>(
  name: string,
  { encode, decode }: DocumentCodec<Document> = maps(),
): Table<KeyParts, Document> {
  const key = (...parts: KeyParts): Key => `${name}/${parts.join('/')}`
  return {
    name,
    key,
    prefix: (...parts) => `${name}/${parts.map((part) => `${part}/`).join('')}`,
    partsOf: (row) => row.slice(name.length + 1).split('/') as unknown as KeyParts,
    encode,
    decode,
    put: (document, ...parts) => ({ key: key(...parts), value: encode(document) }),
    remove: (...parts) => ({ key: key(...parts), value: undefined }),
  }
}

/** A table of rows that are bytes already. */
export function bytesTable<KeyParts extends readonly string[]>(name: string): Table<KeyParts, Bytes> {
  const base = table<KeyParts, Bytes>(name)
  return { ...base, encode: (bytes) => bytes, decode: (bytes) => bytes, put: (value, ...parts) => ({ key: base.key(...parts), value }) }
}
