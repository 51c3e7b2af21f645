import type { Append, Put } from '../../store/contract.js'
import { fileKeysIn, unnamedFiles } from '../documents/index.js'
import type { FactReader } from '../facts.js'

/**
 * What else is stored where stored bytes (a message, a picture of a profile, a scheduled message) hold the URL of a file that nothing has named
 * before: it is kept from now on. The commit rests on the file not being removed meanwhile.
 */
export async function keepNamedFiles(facts: FactReader, puts: readonly Put[], appends: readonly Append[]): Promise<readonly Put[]> {
  const named = new Set([
    ...puts.flatMap(({ value }) => (value === undefined ? [] : fileKeysIn(value))),
    ...appends.flatMap(({ message }) => fileKeysIn(message)),
  ])
  const kept: Put[] = []
  for (const file of named) {
    const unnamed = await facts.get(unnamedFiles, file)
    if (unnamed !== undefined && unnamed.isGoing !== true) kept.push(unnamedFiles.remove(file))
  }
  return kept
}
