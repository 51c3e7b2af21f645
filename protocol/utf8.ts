import { isUtf8 } from 'node:buffer'

/** Up to this many ASCII characters are put together here; a call into the runtime costs more. */
const shortText = 32

/** The text in `bytes[start]` … `bytes[end - 1]`, or null if that is not UTF-8. */
export function readUtf8(bytes: Buffer, start: number, end: number): string | null {
  let i = start
  while (i < end && (bytes[i] as number) < 0x80) i++
  if (i === end) return end - start <= shortText ? shortAscii(bytes, start, end - start) : bytes.toString('latin1', start, end)
  return isUtf8(bytes.subarray(i, end)) ? bytes.toString('utf8', start, end) : null
}

function shortAscii(bytes: Buffer, start: number, length: number): string {
  let text = ''
  let at = start
  let left = length
  for (; left > 8; left -= 8, at += 8) text += upToEight(bytes, at, 8)
  return left === length ? upToEight(bytes, at, left) : text + upToEight(bytes, at, left)
}

/** The caller stays within the bytes, so no code is undefined. */
const c = String.fromCharCode as (...codes: readonly (number | undefined)[]) => string

/** One call with as many arguments as there are characters: several times faster than one call a character. */
function upToEight(b: Buffer, at: number, length: number): string {
  switch (length) {
    case 0:
      return ''
    case 1:
      return c(b[at])
    case 2:
      return c(b[at], b[at + 1])
    case 3:
      return c(b[at], b[at + 1], b[at + 2])
    case 4:
      return c(b[at], b[at + 1], b[at + 2], b[at + 3])
    case 5:
      return c(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4])
    case 6:
      return c(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5])
    case 7:
      return c(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6])
    default:
      return c(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6], b[at + 7])
  }
}
