import type { OptionName, Options } from './options-table.js'

/** Options that may change while the server runs. What belongs to TLS may do so where the listener is open. */
const changeable = [
  'logLevel',
  'connectsPerSecond',
  'connectsBurst',
  'registrationsPerHour',
  'codesAddressDay',
  'codesNumberHour',
  'codesNumberDay',
  'codesTotalDay',
  'wrongCodesAddressDay',
  'publishesPerSecond',
  'maxConnections',
  'unprovenPercent',
  'unprovenPerAddress',
  'unprovenLifeMs',
  'drainTimeoutMs',
  'drainRate',
] as const satisfies readonly OptionName[]
const changeableOfTls = ['tlsKey', 'tlsCert'] as const satisfies readonly OptionName[]

/** What comes of options that have been read again. */
export interface Reload {
  /** Those in effect from now on. */
  readonly options: Options
  readonly changed: readonly OptionName[]
  /** Those that are in effect after a restart only. */
  readonly later: readonly OptionName[]
}

/** @param hasTls whether the TLS listener is open */
export function planReload(before: Options, after: Options, hasTls: boolean): Reload {
  const differ = (Object.keys(after) as OptionName[]).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  const mayChange: ReadonlySet<OptionName> = new Set([...changeable, ...(hasTls ? changeableOfTls : [])])
  const changed = differ.filter((name) => mayChange.has(name))
  const taken = Object.fromEntries(changed.map((name) => [name, after[name]])) as Partial<Options>
  return { options: Object.freeze({ ...before, ...taken }), changed, later: differ.filter((name) => !mayChange.has(name)) }
}
