import type { Append, Put } from '../../../store/contract.js'
import { type FileKey, fileKeysIn, unnamedFiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'

/** The files whose URL stored bytes (a message, a picture of a profile, a scheduled message) hold. */
export function namedFiles(puts: readonly Put[], appends: readonly Append[]): readonly FileKey[] {
  let named: readonly FileKey[] = []
  for (const { value } of puts) if (value !== undefined) named = joined(named, fileKeysIn(value))
  for (const { message } of appends) named = joined(named, fileKeysIn(message))
  return named
}

/** What else is stored with the names of files that nothing has named before: they are kept. It rests on their not being removed meanwhile. */
export async function keepNamedFiles(facts: FactReader, named: readonly FileKey[]): Promise<readonly Put[]> {
  const kept: Put[] = []
  for (const file of new Set(named)) {
    const unnamed = await facts.get(unnamedFiles, file)
    if (unnamed !== undefined && unnamed.isGoing !== true) kept.push(unnamedFiles.remove(file))
  }
  return kept
}

function joined(some: readonly FileKey[], more: readonly FileKey[]): readonly FileKey[] {
  return more.length === 0 ? some : [...some, ...more]
}
