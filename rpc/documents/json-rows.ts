import { bufferOf } from '../../protocol/index.js'
import { packr } from './packr.js'
import type { DocumentCodec } from './table.js'

/**
 * Documents that are written often, as JSON arrays of their values: half the bytes and half the time of maps, and a third of the time to be read
 * again (docs/decisions/0161). What has been stored as a map is read as well.
 */
export function jsonRows<Document, Row extends readonly unknown[]>(
  rowOf: (document: Document) => Row,
  documentOf: (row: Row) => Document,
): DocumentCodec<Document> {
  return {
    encode: (document) => Buffer.from(JSON.stringify(rowOf(document))),
    decode(bytes) {
      if (bytes[0] !== bracket) return packr.unpack(bytes) as Document
      return documentOf(JSON.parse(bufferOf(bytes).toString()) as Row)
    },
  }
}

const bracket = 0x5b
