import type { Bytes, Key } from '../contract.js'
import type { Connection } from './connection.js'
import { digestLength, rememberDigest } from './digest.js'
import type { Reply } from './link.js'

/** Reads of documents: those asked for in one tick are asked of Redis at once. */
export interface DocumentReads {
  getMany(keys: readonly Key[]): Promise<readonly (Bytes | undefined)[]>
  /** The document in what Redis has stored under its key, a copy. */
  documentIn(stored: Reply | undefined): Bytes | undefined
}

interface Asked {
  readonly keys: readonly Key[]
  resolve(documents: readonly (Bytes | undefined)[]): void
  reject(reason: unknown): void
}

/** A question takes no further keys once it has so many; those of one reader always come in one, so that it sees one moment. */
const keysAtOnce = 512

export function newDocumentReads(connection: Connection, prefix: string): DocumentReads {
  let asked: Asked[] = []
  let askedKeys = 0

  function documentIn(stored: Reply | undefined): Bytes | undefined {
    if (!Buffer.isBuffer(stored)) return undefined
    // A copy: what came in one piece of the network would keep all of it in memory.
    const bytes = Buffer.from(stored.subarray(digestLength))
    rememberDigest(bytes, stored.toString('latin1', 0, digestLength))
    return bytes
  }

  function ask(): void {
    const some = asked
    asked = []
    askedKeys = 0
    const names = some.flatMap(({ keys }) => keys.map((key) => `${prefix}d:${key}`))
    if (names.length === 0) {
      for (const { resolve } of some) resolve([])
      return
    }
    connection.ask('mget', names).then(
      (reply) => {
        const values = reply as readonly Reply[]
        let at = 0
        for (const { keys, resolve } of some) {
          const from = at
          at += keys.length
          resolve(keys.map((_, place) => documentIn(values[from + place])))
        }
      },
      (error: unknown) => {
        for (const { reject } of some) reject(error)
      },
    )
  }

  return {
    documentIn,
    getMany(keys) {
      return new Promise((resolve, reject) => {
        if (asked.push({ keys, resolve, reject }) === 1) queueMicrotask(() => (asked.length > 0 ? ask() : undefined))
        askedKeys += keys.length
        if (askedKeys >= keysAtOnce) ask()
      })
    },
  }
}
