// Writes docs/reference/ and the README's table of requests again from the tables in the source. Tests compare the pages with those tables.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const pages = [
  { page: 'options.md', from: 'server/options-pages', render: 'renderOptionsReference' },
  { page: 'topics.md', from: 'topics/index', render: 'renderTopicsReference' },
  { page: 'records.md', from: 'protocol/index', render: 'renderRecordsReference' },
  { page: 'errors.md', from: 'protocol/index', render: 'renderErrorsReference' },
]

const folder = join('docs', 'reference')
mkdirSync(folder, { recursive: true })
for (const { page, from, render } of pages) {
  const source = await import(new URL(`../dist/src/${from}.js`, import.meta.url))
  writeFileSync(join(folder, page), source[render]())
  console.log(join(folder, page))
}

const { withRequestsTable } = await import(new URL('../dist/src/rpc/requests-reference.js', import.meta.url))
writeFileSync('README.md', withRequestsTable(readFileSync('README.md', 'utf8')))
console.log('README.md')
