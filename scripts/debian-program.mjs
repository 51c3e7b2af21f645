// Sees to a program of the system that tests need: the one that is there, else Debian's package where we may install it.
import { spawnSync } from 'node:child_process'

/** Packages that a program needs besides its own. */
const companions = { gcc: ['libc6-dev'] }

/** Where daemons lie, which is not on everybody's PATH. */
const daemons = '/usr/sbin'

export function runs(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0
}

function install(name) {
  if (process.getuid?.() !== 0 || !runs('apt-get', ['--version'])) return false
  console.error(`Tests need ${name}, which is not installed: Debian's package is being installed with apt-get.`)
  const args = ['install', '-y', '--no-install-recommends', name, ...(companions[name] ?? [])]
  return runs('apt-get', args) || (runs('apt-get', ['update']) && runs('apt-get', args))
}

/** Whether the program of that name, which is its package's too, is on the PATH now; told its version by `-v`. */
export function hasProgram(name) {
  if (!process.env.PATH?.split(':').includes(daemons)) process.env.PATH = `${process.env.PATH}:${daemons}`
  return runs(name, ['-v']) || install(name)
}

/** @param what needs them, as `Tests of clusters` @throws with advice if one of the programs is not to be had */
export function requirePrograms(what, ...names) {
  for (const name of names) if (!hasProgram(name)) throw new Error(`${what} need ${name}: install it (Debian: apt-get install ${name}).`)
}
