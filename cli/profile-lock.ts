import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { accountFolder, accountPath } from './account-file.js'
import { Complaint, exitCodes } from './complaint.js'

/**
 * Keeps a profile for this process: MQTT closes the older one of two connections with one client id, so two commands on one profile would
 * cut each other off for ever. A lock whose process is gone counts for nothing.
 * @returns how to give it back; it is also given back when the process ends
 * @throws Complaint if a running command has it
 */
export function lockProfile(profile: string): () => void {
  const path = `${accountPath(profile)}.lock`
  mkdirSync(accountFolder(), { recursive: true, mode: 0o700 })
  if (!take(path)) {
    const holder = Number(readHolder(path))
    if (isAlive(holder)) throw inUse(profile, holder)
    rmSync(path, { force: true })
    if (!take(path)) throw inUse(profile, Number(readHolder(path)))
  }
  const giveBack = (): void => {
    process.off('exit', giveBack)
    rmSync(path, { force: true })
  }
  process.on('exit', giveBack)
  return giveBack
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // given back in this moment: nobody holds it
    return ''
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function inUse(profile: string, pid: number): Complaint {
  const advice = 'End it, or register this phone as one more device: nynja register <phone> --profile <another name>'
  return new Complaint(exitCodes.account, `Profile "${profile}" is in use by process ${pid}. ${advice}`)
}
