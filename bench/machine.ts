import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { mosquittoVersion } from './peers/mosquitto.js'
import { redisVersion } from './peers/redis.js'

export interface Surroundings {
  readonly commit: string
  readonly versions: string
  readonly machine: string
  /** Runnable threads over the last minute, before the bench adds its own. */
  readonly loadAverage: number
}

/** What a figure is worthless without. */
export function surroundings(): Surroundings {
  const cores = cpus()
  const gib = (totalmem() / 1024 ** 3).toFixed(0)
  return {
    commit: commit(),
    versions: [
      `node ${process.version}`,
      `aedes ${packageVersion('aedes')}`,
      `aedes-persistence-redis ${packageVersion('aedes-persistence-redis')}`,
      mosquittoVersion() ?? 'no mosquitto',
      redisVersion()?.split(' sha')[0] ?? 'no redis-server',
    ].join(', '),
    machine: `${cores.length} x ${cores[0]?.model ?? 'unknown processor'}, ${gib} GiB, ${type()} ${release()}`,
    loadAverage: loadavg()[0] ?? 0,
  }
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes')
  } catch {
    return 'not a git checkout'
  }
}

function packageVersion(name: string): string {
  const { resolve } = createRequire(import.meta.url)
  const root = resolve(name).replace(new RegExp(`(node_modules/${name})/.*$`), '$1')
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { readonly version: string }
  return version
}
