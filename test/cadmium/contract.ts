import { readFileSync } from 'node:fs'

const contract = readFileSync('docs/protocol/core.md', 'utf8')

/** Rows of the table under a heading of the contract, as the texts of their cells. @param place of the table in the section */
export function tableOf(heading: string, place = 0): readonly (readonly string[])[] {
  const start = contract.indexOf(`\n${heading}`)
  if (start === -1) throw new Error(`no section ${heading}`)
  const section = contract.slice(start + 1).split(/\n#{2,3} /)[0] ?? ''
  const tables = section.split('\n\n').filter((part) => part.trimStart().startsWith('|'))
  const rows = (tables[place] ?? '').trim().split('\n').slice(2)
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
}

/** What stands in backquotes in a cell. */
export function quotedIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, text]) => text ?? '')
}
