import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempFolder {
  readonly path: string
  readonly remove: () => void
}

const existing = new Set<TempFolder>()

/** An empty folder for one server; `root` is the system's temporary folder unless given. */
export function tempFolder(name: string, root = tmpdir()): TempFolder {
  const path = mkdtempSync(join(root, `${name}-bench-`))
  const folder: TempFolder = {
    path,
    remove: () => {
      existing.delete(folder)
      rmSync(path, { recursive: true, force: true })
    },
  }
  existing.add(folder)
  return folder
}

/** Removes what is left, for the moment the bench itself ends. */
export function removeTempFolders(): void {
  for (const folder of existing) folder.remove()
}
