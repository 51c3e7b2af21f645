/** Access modes of Tinode. @see docs/protocol/tinode.md 6.1, 6.2 */

/** A set of rights, as bits. */
export type Mode = number

/** The letter of each right, in the order in which they are written. */
const letters = 'JRWPASDO'

export const rights = { join: 1, read: 2, write: 4, presence: 8, approve: 16, share: 32, erase: 64, owner: 128 } as const
/** No right at all, which is not the same as none being said. */
export const noRights: Mode = 0
const all = 255

/** @returns `unset` where nothing is said, `malformed` for what is no mode */
export function parseMode(text: string | undefined): Mode | 'unset' | 'malformed' {
  if (text === undefined || text === '') return 'unset'
  if (text.toUpperCase() === 'N') return noRights
  return parseLetters(text) ?? 'malformed'
}

function parseLetters(text: string): Mode | undefined {
  let mode = 0
  for (const letter of text.toUpperCase()) {
    const place = letters.indexOf(letter)
    if (place < 0) return undefined
    mode |= 1 << place
  }
  return mode
}

export function formatMode(mode: Mode): string {
  return mode === noRights ? 'N' : Array.from(letters, (letter, place) => ((mode & (1 << place)) === 0 ? '' : letter)).join('')
}

/** Whether all of these rights are in a mode. */
export function has(mode: Mode, wanted: Mode): boolean {
  return (mode & wanted) === wanted
}

/** Whether any of them is. */
export function hasAny(mode: Mode, wanted: Mode): boolean {
  return (mode & wanted) !== 0
}

export function without(mode: Mode, taken: Mode): Mode {
  return mode & ~taken & all
}

/** Who may give rights to others. */
export function isAdmin(mode: Mode): boolean {
  return hasAny(mode, rights.approve | rights.owner)
}

/** Who may bring others in, and sees what they want and are given. */
export function isSharer(mode: Mode): boolean {
  return hasAny(mode, rights.approve | rights.share | rights.owner)
}

/**
 * What has changed, as presence tells it: `+` the rights that are new, `-` those that went. Where there was nothing before, all of it without a sign.
 * @param after undefined where the subscription ends
 * @returns undefined where nothing has changed
 */
export function modeDelta(before: Mode | undefined, after: Mode | undefined): string | undefined {
  if (after === undefined) return 'N'
  if (before === after) return undefined
  if (before === undefined || before === noRights) return formatMode(after)
  const [added, removed] = [without(after, before), without(before, after)]
  return (added === noRights ? '' : `+${formatMode(added)}`) + (removed === noRights ? '' : `-${formatMode(removed)}`)
}

/** What a receiver of a delta makes of it. @returns `malformed` for what is none */
export function applyDelta(mode: Mode, delta: string): Mode | 'malformed' {
  if (delta === '') return mode
  if (!/^[+-]/.test(delta)) {
    const whole = parseMode(delta)
    return whole === 'unset' ? mode : whole
  }
  let result = mode
  for (const [, sign, text = ''] of delta.matchAll(/([+-])([^+-]*)/g)) {
    const changed = parseLetters(text)
    if (changed === undefined || text === '') return 'malformed'
    result = sign === '+' ? result | changed : without(result, changed)
  }
  return result
}
