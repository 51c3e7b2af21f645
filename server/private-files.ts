import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const rightsOfOthers = 0o077

/** From now on this process makes files for its own user alone: folders 700, files 600. Called once, at the start of a program. */
export function makeFilesPrivate(): void {
  process.umask(rightsOfOthers)
}

/** A folder or file that other users of the machine had rights to. */
export interface OpenPath {
  readonly path: string
  /** Octal, as `chmod` takes it. */
  readonly mode: string
  /** Why the rights could not be taken away; undefined if they were. */
  readonly problem: string | undefined
}

/**
 * Takes the rights of other users from the data folder, from `inner` folders in it, and from the files in those of them that are flat. What
 * lies deeper is out of reach behind them.
 * @returns what was open
 */
export function closeToOthers(folder: string, inner: readonly { readonly name: string; readonly isFlat: boolean }[]): readonly OpenPath[] {
  if (process.platform === 'win32') return []
  const insides = inner.flatMap(({ name, isFlat }) => {
    const path = join(folder, name)
    return isFlat ? [path, ...entriesOf(path)] : [path]
  })
  return [folder, ...insides].flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
    if ((mode & rightsOfOthers) === 0) return []
    return [{ path, mode: (mode & 0o777).toString(8), problem: problemOf(() => chmodSync(path, mode & 0o777 & ~rightsOfOthers)) }]
  })
}

function entriesOf(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(folder).map((name) => join(folder, name))
}

/** A folder may belong to somebody else, as volumes of containers do. */
function problemOf(run: () => void): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
