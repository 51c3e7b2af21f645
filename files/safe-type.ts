/** Types that a browser shows without running anything of them. Everything else is served as bytes to be saved. */
export const safeTypes: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/heic',
  'video/mp4',
  'video/webm',
  'video/quicktime',
  'audio/mpeg',
  'audio/aac',
  'audio/ogg',
  'audio/wav',
  'audio/mp4',
  'audio/amr',
])

/** What a file is that is none of {@link safeTypes}. */
export const unknownType = 'application/octet-stream'

/** How many bytes from the front {@link typeOf} looks at. */
export const typeBytes = 32

interface Signature {
  readonly at: number
  readonly bytes: string
  readonly type: string
}

/** The first one that fits decides. Bytes are Latin-1. */
const signatures: readonly Signature[] = [
  { at: 0, bytes: '\xff\xd8\xff', type: 'image/jpeg' },
  { at: 0, bytes: '\x89PNG\r\n\x1a\n', type: 'image/png' },
  { at: 0, bytes: 'GIF87a', type: 'image/gif' },
  { at: 0, bytes: 'GIF89a', type: 'image/gif' },
  { at: 8, bytes: 'WEBPVP8', type: 'image/webp' },
  { at: 8, bytes: 'WAVEfmt ', type: 'audio/wav' },
  { at: 4, bytes: 'ftypheic', type: 'image/heic' },
  { at: 4, bytes: 'ftypqt  ', type: 'video/quicktime' },
  { at: 4, bytes: 'ftypM4A ', type: 'audio/mp4' },
  { at: 4, bytes: 'ftyp', type: 'video/mp4' },
  { at: 0, bytes: '\x1aE\xdf\xa3', type: 'video/webm' },
  { at: 0, bytes: 'OggS', type: 'audio/ogg' },
  { at: 0, bytes: '#!AMR', type: 'audio/amr' },
  { at: 0, bytes: 'ID3', type: 'audio/mpeg' },
  { at: 0, bytes: '\xff\xf1', type: 'audio/aac' },
  { at: 0, bytes: '\xff\xf9', type: 'audio/aac' },
  { at: 0, bytes: '\xff\xfb', type: 'audio/mpeg' },
  { at: 0, bytes: '\xff\xf3', type: 'audio/mpeg' },
]

/**
 * The type of a file by its first bytes. What its sender says of it (a name, a type) is not asked: a page named cat.jpg stays bytes.
 * @see docs/decisions/0132-downloads.md
 */
export function typeOf(beginning: Uint8Array): string {
  const text = Buffer.from(beginning).toString('latin1')
  return signatures.find(({ at, bytes }) => text.startsWith(bytes, at))?.type ?? unknownType
}
