import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { StartProblem } from './start-problem.js'

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'is a file and not a folder',
  ENOTDIR: 'is a file and not a folder, or lies in one',
  EACCES: 'may not be written to by this user',
  EPERM: 'may not be written to by this user',
  EROFS: 'lies on a disk that may only be read',
  ENOSPC: 'cannot be made: the disk is full',
  EDQUOT: 'cannot be made: the quota of this user is used up',
  ENAMETOOLONG: 'has too long a name',
  ELOOP: 'is a link that leads nowhere',
}

/** Makes the data folder if it is not there. @throws StartProblem if it cannot be made or used */
export function makeDataFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    if (!statSync(path).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new StartProblem(`NYNJA_DATA_DIR: ${path} ${reasons[code] ?? `cannot be used (${code})`}`, { cause: error, isOfOptions: true })
  }
}
