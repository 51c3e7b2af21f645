import { isUtf8 } from 'node:buffer'

/** Up to this many ASCII characters are read and written here; a call into the runtime costs more. */
const shortText = 24

/** The text in `bytes[start]` … `bytes[end - 1]`, or null if that is not UTF-8. */
export function readUtf8(bytes: Buffer, start: number, end: number): string | null {
  let i = start
  while (i < end && (bytes[i] as number) < 0x80) i++
  if (i === end) return end - start <= shortText ? shortAscii(bytes, start, end) : bytes.toString('latin1', start, end)
  return isUtf8(bytes.subarray(i, end)) ? bytes.toString('utf8', start, end) : null
}

function shortAscii(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}
