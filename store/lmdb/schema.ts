import { StoreOutage } from '../contract.js'
import type { Environment } from './environment.js'

/** A layout of the rows: its version, and for each version before it the step that leads from it to the next. */
export interface Schema {
  readonly version: number
  readonly steps: ReadonlyMap<number, (environment: Environment) => void>
}

/** The layout that this program reads and writes. Whoever changes it raises the version and adds the step from the one before. */
export const currentSchema: Schema = { version: 1, steps: new Map() }

/**
 * Brings the rows to the layout of `schema`, all steps in one transaction; a new store is marked with its version.
 * @throws StoreOutage if the rows have a newer layout than `schema`, or one that no step leads from. Nothing is changed then.
 */
export async function migrate(environment: Environment, schema: Schema = currentSchema): Promise<void> {
  environment.refresh()
  if (versionOf(environment) === schema.version) return
  await environment.transact(() => {
    const found = versionOf(environment)
    if (found !== undefined) climb(environment, found, schema)
    void environment.rows.put(schemaRow, Buffer.from(String(schema.version)))
  })
}

const schemaRow = '#schema'

function versionOf({ rows }: Environment): number | undefined {
  const bytes = rows.getBinary(schemaRow)
  return bytes === undefined ? undefined : Number(Buffer.from(bytes).toString('latin1'))
}

function climb(environment: Environment, found: number, { version, steps }: Schema): void {
  if (found > version) throw new StoreOutage(`the store has layout ${found}, this program knows ${version}: it was written by a newer one`)
  for (let at = found; at < version; at++) {
    const step = steps.get(at)
    if (step === undefined) throw new StoreOutage(`no step leads from layout ${at} of the store`)
    step(environment)
  }
}
