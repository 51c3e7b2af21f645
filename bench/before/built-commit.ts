import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tempFolder } from '../peers/temp-folder.js'

/** The server of another commit, built in a folder of its own. */
export interface BuiltCommit {
  /** What the commit is called in tables. */
  readonly name: string
  /** The module that starts its server. */
  readonly serverModule: string
  readonly remove: () => Promise<void>
}

const run = promisify(execFile)
const maxBuffer = 64 * 1024 * 1024

/**
 * Checks a commit out beside this one and builds it. It runs on the packages that are installed here, unless its package-lock.json is another
 * one: then they are installed for it.
 * @throws if it is no commit of this repository, or cannot be built
 */
export async function buildCommit(commit: string, log: (line: string) => void): Promise<BuiltCommit> {
  const git = async (...args: readonly string[]): Promise<string> => (await run('git', args, { maxBuffer })).stdout.trim()
  const hash = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`).catch(() => {
    throw new Error(`${commit} is no commit of this repository`)
  })
  const folder = tempFolder('before')
  const path = join(folder.path, 'tree')
  const remove = async (): Promise<void> => {
    await git('worktree', 'remove', '--force', path).catch(() => undefined) // it may not have been added; what is left of it goes now
    folder.remove()
    await git('worktree', 'prune')
  }
  try {
    await git('worktree', 'add', '--quiet', '--detach', path, hash)
    const name = await git('rev-parse', '--short', hash)
    log(`  ${name}: ${(await git('show', '--no-patch', '--format=%s', hash)).slice(0, 100)}`)
    await providePackages(path, log)
    await run(process.execPath, [join('scripts', 'build.mjs')], { cwd: path, maxBuffer })
    // Earlier commits have their sources in a folder src/.
    const compiled = existsSync(join(path, 'src')) ? join('dist', 'src') : 'dist'
    return { name, serverModule: join(path, compiled, 'server', 'main.js'), remove }
  } catch (error) {
    await remove()
    throw new Error(`${commit} cannot be built: ${reasonOf(error)}`, { cause: error })
  }
}

async function providePackages(path: string, log: (line: string) => void): Promise<void> {
  const lock = 'package-lock.json'
  if ((await readFile(lock, 'utf8')) === (await readFile(join(path, lock), 'utf8'))) {
    await symlink(join(process.cwd(), 'node_modules'), join(path, 'node_modules'))
    return
  }
  log('  its packages are others: they are installed (npm ci)')
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: path, maxBuffer })
}

function reasonOf(error: unknown): string {
  const { stdout = '', stderr = '', message } = error as { readonly stdout?: string; readonly stderr?: string; readonly message: string }
  return [message, stdout.slice(-2_000), stderr.slice(-2_000)].filter((text) => text !== '').join('\n')
}
