// The processes that a program has started, and those that they have started: all that is in its group.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** What the living members of a group were started as; where there is no /proc to ask, none. */
export function groupMembers(group) {
  return processIds().flatMap((id) => {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(itsGroup) !== group || state === 'Z') return []
      return [readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || `process ${id}`]
    } catch {
      return [] // it has just ended
    }
  })
}

function processIds() {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

/** Ends what is left of a group. */
export function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // nothing is left
  }
}

/** Waits a little for a group to end by itself, then ends it. @returns what had to be ended */
export async function endGroup(group, patienceMs = 10_000) {
  const deadline = performance.now() + patienceMs
  let left = groupMembers(group)
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50)
    left = groupMembers(group)
  }
  killGroup(group)
  return left
}
