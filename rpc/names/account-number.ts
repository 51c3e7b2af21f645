import type { Put } from '../../store/contract.js'
import type { Phone } from '../../topics/index.js'
import { accounts, moveLevel, moveLogs, moves, type Naming, numbers } from '../documents/index.js'
import type { FactReader } from '../facts.js'

/** An account, whether or not it exists: what it is filed under and the number it is reached by. All of it is checked at commit. */
export interface AccountNumber {
  readonly filed: Phone
  readonly number: Phone
  /** Entries of the log of namings so far; read only where the two differ. */
  readonly lastMove: number
}

/** The account that a number names. */
export async function readAccountOf(facts: FactReader, number: Phone): Promise<AccountNumber> {
  const filed = (await facts.get(accounts, number))?.filed ?? number
  return { filed, number, lastMove: filed === number ? 0 : await readLastMove(facts) }
}

/** The number by which an account is reached. */
export async function readNumberOf(facts: FactReader, filed: Phone): Promise<AccountNumber> {
  const number = (await facts.get(numbers, filed))?.number ?? filed
  return { filed, number, lastMove: filed === number ? 0 : await readLastMove(facts) }
}

/** How many entries the log of namings has. Whoever adds one rests on it. */
export async function readLastMove(facts: FactReader): Promise<number> {
  return (await facts.get(moveLogs, 'all'))?.last ?? 0
}

/** What makes new rosters of an account be called by its number; nothing where that is what it is filed under. */
export function nameNewRosters({ filed, number, lastMove }: AccountNumber, rosters: readonly number[]): readonly Put[] {
  return filed === number ? [] : logNamings([{ filed, number, rosters }], lastMove)
}

/** What gives accounts their numbers, and rosters their names. The namings together leave every number with one account. */
export function putNamings(namings: readonly Naming[], lastMove: number): readonly Put[] {
  return [
    ...namings.flatMap(({ filed, number }) =>
      filed === number
        ? [numbers.remove(filed), accounts.remove(number)]
        : [numbers.put({ number }, filed), accounts.put({ filed }, number)],
    ),
    ...logNamings(namings, lastMove),
  ]
}

function logNamings(namings: readonly Naming[], lastMove: number): readonly Put[] {
  const number = lastMove + 1
  return [moves.put({ namings }, 'all', moveLevel(number)), moveLogs.put({ last: number }, 'all')]
}
