const maxCharacters = 150

/** The last part of a name, without what a header, a shell or a file system could take for something else. Only shown, never opened. */
export function plainFilename(filename: string): string {
  const last = filename.split(/[/\\]/).at(-1) ?? ''
  const plain = last
    .replace(/[\p{C}\p{Zl}\p{Zp}"<>|:*?%]/gu, '_')
    .replace(/^[\s.]+/u, '')
    .trim()
  return Array.from(plain).slice(0, maxCharacters).join('') || 'file'
}
