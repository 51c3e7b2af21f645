import { numberBytes, readNumber } from '../../store/contract.js'
import { table, type Table } from './table.js'

/** A table of numbers, whose rows a commit may also write by `PutNumber`: the id that a message of the same commit receives. */
export function numberTable<KeyParts extends readonly string[]>(name: string): Table<KeyParts, number> {
  const base = table<KeyParts, number>(name)
  return {
    ...base,
    encode: numberBytes,
    decode: readNumber,
    put: (value, ...parts) => ({ key: base.key(...parts), value: numberBytes(value) }),
  }
}
